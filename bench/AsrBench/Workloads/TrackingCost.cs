using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;
using Asr.Bench.Reports;
using Asr.Bench.Site;
using Asr.Contracts;

namespace Asr.Bench.Workloads;

/// <summary>What it costs a machine that its own disk is tracked, frozen for points and shipped.</summary>
internal static class TrackingCost
{
    private const int FioSeconds = 6;
    private const int PointSeconds = 5;
    private const double KeptGoal = 0.95;
    private const string FioCommand = "fio --ioengine=libaio --direct=1 --rw=randwrite --bs=4k --iodepth=16 --randseed=1";

    /// <summary>With a core for the agent, and the appliance as far away as it can be on the same machine.</summary>
    public static async Task RunApartAsync(BenchContext context, CancellationToken cancellationToken)
    {
        Costs costs = await MeasureAsync(context, SitePlacement.Apart, SitePlacement.WorkloadApart, cancellationToken);
        costs.Add(context, "tracked", KeptGoal);
        double paused = Median.Of(costs.Paused);
        context.Results.Add(BenchResult.More("4 KiB random writes, tracked and paused / unprotected", paused, costs.Writes(costs.Without), FioCommand, "IOPS", KeptGoal));
        context.Remarks.Add(FormattableString.Invariant(
            $"Tracked / unprotected: the same file system on a loop device with direct I/O, in turns. The workload has one core in both, and the agent the other, with the priorities of its unit. The appliance, which is another machine in earnest, has what is left of the agent's core, and its vault is in memory; in {2 * FioSeconds} s the agent used {Median.Of(costs.Agent):F1} and the appliance {Median.Of(costs.Appliance):F1} processor seconds. The kernel's own work for the loop device goes to whichever core is free: of both cores {costs.Idle(costs.Without):P0} were idle unprotected and {costs.Idle(costs.With):P0} tracked, so the agent's core is not as idle as the goal has it, and some of the cost is the appliance's. Paused, the kernel marks what is written and nothing is shipped."));
    }

    /// <summary>With everything on the same cores and the same disk.</summary>
    public static async Task RunSharedAsync(BenchContext context, CancellationToken cancellationToken)
    {
        Costs costs = await MeasureAsync(context, SitePlacement.Beside, "", cancellationToken);
        costs.Add(context, "tracked beside its appliance", null);
        context.Remarks.Add(FormattableString.Invariant(
            $"Tracked beside its appliance: workload, agent, appliance and vault on the same {Environment.ProcessorCount} cores and the same disk, where in {2 * FioSeconds} s the agent used {Median.Of(costs.Agent):F1} and the appliance {Median.Of(costs.Appliance):F1} processor seconds. Of the cores {costs.Idle(costs.Without):P0} were idle unprotected, {costs.Idle(costs.With):P0} tracked. It is no goal, since nobody sets it up so, but a bound: a machine without an idle core fares no worse."));
    }

    private static async Task<Costs> MeasureAsync(BenchContext context, SitePlacement placement, string workload, CancellationToken cancellationToken)
    {
        await using TrackedVolume volume = await TrackedVolume.CreateAsync(context.NewPath("tracked"), cancellationToken);
        await using BenchDatabase database = await BenchDatabase.StartAsync(volume.MountPath, workload, cancellationToken);
        string fio = FormattableString.Invariant($"{workload} {FioCommand} --runtime={FioSeconds}");
        Costs costs = new([], [], [], [], []);
        for (int run = 0; run < context.Options.Runs; run++)
        {
            costs.Without.Add(await MeasureAsync(volume, database, fio, cancellationToken));

            // A site of its own for each run: no probe of the kernel is left while the other is measured.
            await using BenchSite site = await BenchSite.StartAsync(context.Options, context.NewPath("site"), volume.DevicePath, cancellationToken, placement);
            await site.ReplicateAsync(cancellationToken, PointSeconds);
            (double agent, double appliance) = (site.AgentProcessorSeconds, site.ApplianceProcessorSeconds);
            costs.With.Add(await MeasureAsync(volume, database, fio, cancellationToken));
            costs.Agent.Add(site.AgentProcessorSeconds - agent);
            costs.Appliance.Add(site.ApplianceProcessorSeconds - appliance);
            await site.Operator.RunAsync(site.MachineId, new OperationRequest { Operation = MachineOperation.PauseReplication }, cancellationToken);
            costs.Paused.Add(await volume.WriteAsync(fio, cancellationToken));
        }

        return costs;
    }

    private static async Task<Cost> MeasureAsync(TrackedVolume volume, BenchDatabase database, string fio, CancellationToken cancellationToken)
    {
        ProcessorUse before = ProcessorUse.Read();
        double writes = await volume.WriteAsync(fio, cancellationToken);
        double transactions = await database.RunAsync(cancellationToken);
        return new Cost(writes, transactions, ProcessorUse.Read().IdleSince(before));
    }

    private readonly record struct Cost(double Writes, double Transactions, double Idle);

    private sealed record Costs(List<Cost> Without, List<Cost> With, List<double> Paused, List<double> Agent, List<double> Appliance)
    {
        public double Writes(List<Cost> costs) => Median.Of(costs.Select(cost => cost.Writes));

        public double Idle(List<Cost> costs) => Median.Of(costs.Select(cost => cost.Idle));

        public void Add(BenchContext context, string what, double? goal)
        {
            double Transactions(List<Cost> costs) => Median.Of(costs.Select(cost => cost.Transactions));
            context.Results.Add(BenchResult.More($"4 KiB random writes, {what} / unprotected", Writes(With), Writes(Without), FioCommand, "IOPS", goal));
            context.Results.Add(BenchResult.More($"pgbench, {what} / unprotected", Transactions(With), Transactions(Without), BenchDatabase.Command, "tps", goal));
        }
    }
}
