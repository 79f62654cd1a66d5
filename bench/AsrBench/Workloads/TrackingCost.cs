using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;
using Asr.Bench.Reports;
using Asr.Bench.Site;
using Asr.Contracts;

namespace Asr.Bench.Workloads;

/// <summary>What it costs a machine that its own disk is tracked, frozen for points and shipped; and how old its newest point is under churn.</summary>
internal static class TrackingCost
{
    private const int FioSeconds = 6;
    private const int ChurnSeconds = 75;
    private const int ChurnBytesPerSecond = 54_000_000;
    private const int PointSeconds = 5;
    private const double KeptGoal = 0.95;
    private const double FreezeGoalMs = 100;
    private const double AgeGoalSeconds = 15;
    private const string FioCommand = "fio --ioengine=libaio --direct=1 --rw=randwrite --bs=4k --iodepth=16 --randseed=1";

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs it.</summary>
    public static async Task RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        string folder = context.NewPath("tracked");
        await using TrackedVolume volume = await TrackedVolume.CreateAsync(folder, cancellationToken);
        await Shell.RunAsync($"fio --name=fill --filename={volume.MountPath}/w --rw=write --bs=1m --size=1g --end_fsync=1 --refill_buffers", cancellationToken);
        await CompareAsync(context, volume, cancellationToken);
        await ChurnAsync(context, volume, cancellationToken);
    }

    private static async Task CompareAsync(BenchContext context, TrackedVolume volume, CancellationToken cancellationToken)
    {
        // The server runs as another user, and the folder above is root's alone.
        await Shell.RunAsync($"chmod o+x {volume.MountPath}/.. {volume.MountPath}/../..", cancellationToken);
        await using BenchDatabase database = await BenchDatabase.StartAsync(volume.MountPath, cancellationToken);
        List<Cost> with = [];
        List<Cost> without = [];
        List<double> paused = [];
        List<double> processor = [];
        for (int run = 0; run < context.Options.Runs; run++)
        {
            without.Add(await MeasureAsync(volume, database, cancellationToken));

            // A site of its own for each run: no probe of the kernel is left while the other is measured.
            await using BenchSite site = await BenchSite.StartAsync(context.Options, context.NewPath("site"), volume.DevicePath, cancellationToken);
            await site.ReplicateAsync(cancellationToken, PointSeconds);
            double before = site.ProcessorSeconds;
            with.Add(await MeasureAsync(volume, database, cancellationToken));
            processor.Add(site.ProcessorSeconds - before);

            // The kernel goes on marking what is written; agent and appliance rest, as if they had cores of their own.
            await site.Operator.RunAsync(site.MachineId, new OperationRequest { Operation = MachineOperation.PauseReplication }, cancellationToken);
            paused.Add(await WriteAsync(volume, $"{FioCommand} --runtime={FioSeconds}", cancellationToken));
        }

        double Of(List<Cost> costs, Func<Cost, double> figure) => Median.Of(costs.Select(figure));
        context.Results.Add(BenchResult.More("4 KiB random writes, tracked / unprotected", Of(with, cost => cost.Writes), Of(without, cost => cost.Writes), FioCommand, "IOPS", KeptGoal));
        context.Results.Add(BenchResult.More("4 KiB random writes, tracked and paused / unprotected", Median.Of(paused), Of(without, cost => cost.Writes), FioCommand, "IOPS", KeptGoal));
        context.Results.Add(BenchResult.More("pgbench, tracked / unprotected", Of(with, cost => cost.Transactions), Of(without, cost => cost.Transactions), BenchDatabase.Command, "tps", KeptGoal));
        context.Remarks.Add(FormattableString.Invariant(
            $"Tracked / unprotected: the same file system on a loop device with direct I/O, in turns; agent, appliance and vault on the same {Environment.ProcessorCount} cores and the same disk below, where they used {Median.Of(processor):F1} processor seconds of {2 * FioSeconds} s. Of the cores {Of(without, cost => cost.Idle):P0} were idle unprotected, {Of(with, cost => cost.Idle):P0} tracked. The goal is for machines with idle cores, whose appliance is another machine; paused, the kernel marks what is written and nothing is shipped, which is what stays of the cost where agent and appliance do not take from the workload's cores."));
    }

    private static async Task<Cost> MeasureAsync(TrackedVolume volume, BenchDatabase database, CancellationToken cancellationToken)
    {
        ProcessorUse before = ProcessorUse.Read();
        double writes = await WriteAsync(volume, $"{FioCommand} --runtime={FioSeconds}", cancellationToken);
        double transactions = await database.RunAsync(cancellationToken);
        return new Cost(writes, transactions, ProcessorUse.Read().IdleSince(before));
    }

    private static async Task ChurnAsync(BenchContext context, TrackedVolume volume, CancellationToken cancellationToken)
    {
        await using BenchSite site = await BenchSite.StartAsync(context.Options, context.NewPath("site"), volume.DevicePath, cancellationToken);
        await site.ReplicateAsync(cancellationToken, PointSeconds);
        string load = MachineFacts.Load();
        ProcessorUse before = ProcessorUse.Read();
        Task<double> churn = WriteAsync(
            volume,
            string.Create(CultureInfo.InvariantCulture, $"fio --ioengine=libaio --direct=1 --rw=randwrite --bs=64k --iodepth=16 --refill_buffers --rate={ChurnBytesPerSecond} --runtime={ChurnSeconds}"),
            cancellationToken);
        HashSet<double> freezes = [];
        List<double> ages = [];
        while (!churn.IsCompleted)
        {
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            ages.Add((now - (await site.Operator.GetPointsAsync(site.MachineId, cancellationToken))[0].Time).TotalSeconds);

            // Every instant has its own figure, to the tick; the file is written more often than they are taken.
            using JsonDocument status = JsonDocument.Parse(await File.ReadAllTextAsync(site.StatusPath, cancellationToken));
            if (status.RootElement.GetProperty("report").TryGetProperty("lastFreezeMs", out JsonElement frozen))
            {
                freezes.Add(frozen.GetDouble());
            }

            await Task.Delay(LookInterval, cancellationToken);
        }

        double rate = await churn * 65536 / 1e6;
        double idle = ProcessorUse.Read().IdleSince(before);
        double[] sorted = [.. freezes.Order()];
        double longest = sorted[(int)Math.Ceiling(sorted.Length * 0.99) - 1];
        context.Results.Add(BenchResult.Bound("File systems frozen for a point at 54 MB/s, p99", longest, FreezeGoalMs, "100 ms", "ms", 1));
        context.Results.Add(BenchResult.Bound("Age of the newest point at 54 MB/s, at most", ages.Max(), AgeGoalSeconds, "15 s", "s", 1));
        context.Remarks.Add(FormattableString.Invariant(
            $"At 54 MB/s: fio writes 64 KiB at random places for {ChurnSeconds} s, a point every {PointSeconds} s; {rate:F1} MB/s were written. {sorted.Length} freezes, p50 {Median.Of(sorted):F1} ms; of so few p99 is the longest. The newest point published was {Median.Of(ages):F1} s old in the median, looked at four times a second. {idle:P0} of the cores were idle; load averages {load} before."));
    }

    private static async Task<double> WriteAsync(TrackedVolume volume, string command, CancellationToken cancellationToken)
    {
        string output = await Shell.RunAsync($"{command} --name=w --filename={volume.MountPath}/w --size=1g --time_based --output-format=json", cancellationToken);
        using JsonDocument document = JsonDocument.Parse(output.AsMemory(output.IndexOf('{')));
        return document.RootElement.GetProperty("jobs")[0].GetProperty("write").GetProperty("iops").GetDouble();
    }

    private readonly record struct Cost(double Writes, double Transactions, double Idle);
}
