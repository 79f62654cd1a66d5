using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>
/// Brings the original disks up to date with only the differences, first while the machine goes on at the recovery site, then, after its last
/// change, once more; and continues at the source. Until the switch a failure leaves the machine running at the recovery site.
/// </summary>
public sealed class FailbackJob(RecoverySite site, IPolicyStore policies, IRecoveryPointLog points, MachineWaits waits) : IJobDefinition
{
    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.Failback];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request) =>
    [
        new JobStep("presync", "Bring the original disks close while the machine goes on", PreSyncAsync),
        new JobStep("quiesce", "Stop the machine at the recovery site and take its last change", QuiesceAsync, UnquiesceAsync),
        new JobStep("finish", "Bring the last differences to the original disks", FinishAsync),
        new JobStep("switch", "Continue at the original site", SwitchAsync),
        new JobStep("remove", "Remove the copy at the recovery site", RemoveAsync),
        new JobStep("protect", "Protect the machine again", ProtectAsync),
    ];

    private async Task PreSyncAsync(JobContext context, CancellationToken cancellationToken)
    {
        if (context.Outputs.Point is null)
        {
            AsrRecoveryPoint? newest = (await points.ListAsync(context.MachineId, 1, cancellationToken)).FirstOrDefault();
            await context.SaveOutputsAsync(context.Outputs with
            {
                Point = newest ?? throw new AsrException(
                    AsrErrorCode.RecoveryPointUnavailable, $"'{context.MachineName}' has no recovery point.", "Create one first.", context.MachineName),
            });
        }
        // The machine goes on meanwhile: this is not where the stream will continue from.
        await BringAsync(context, context.Outputs.Point!.Id, null, cancellationToken);
    }

    private async Task QuiesceAsync(JobContext context, CancellationToken cancellationToken)
    {
        Guid finalPointId = DerivedId.Of(context.JobId, "final");
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        await context.Machine.AssignReverseAsync(context.JobId, machine.ReverseAssignment! with { Mode = AgentMode.Quiesce, FinalPointId = finalPointId });
        await site.ConvergeAsync(context.MachineId, cancellationToken);
        AsrRecoveryPoint point = await waits.UntilPublishedAsync(context, finalPointId, MachineWaits.SilenceMax, cancellationToken);
        await context.SaveOutputsAsync(context.Outputs with { Point = point });
    }

    private async Task UnquiesceAsync(JobContext context, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        if (machine.ReverseAssignment is { } reverse)
        {
            await context.Machine.AssignReverseAsync(context.JobId, reverse with { Mode = AgentMode.Replicate, FinalPointId = null });
            await site.ConvergeAsync(context.MachineId, cancellationToken);
        }
    }

    private Task FinishAsync(JobContext context, CancellationToken cancellationToken) =>
        BringAsync(context, context.Outputs.Point!.Id, FinalBases(context), cancellationToken);

    /// <summary>Where the stream of each disk goes on at the original site. Known to the agent, its logs vouch for the disks and nothing is compared again.</summary>
    private static DiskBase[] FinalBases(JobContext context) => context.Outputs.Point!.Disks
        .Select(disk => new DiskBase { DiskId = disk.DiskId, Position = new StreamPosition(disk.Epoch, disk.Sequence) })
        .ToArray();

    private async Task SwitchAsync(JobContext context, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        AsrReplicationPolicy policy = await policies.GetAsync(machine.PolicyName!, cancellationToken);
        // From the first write at the original site on, the copy at the recovery site is out of date.
        await context.SaveOutputsAsync(context.Outputs with { IsIrreversible = true, Copy = machine.Failover });
        await context.Machine.AssignReverseAsync(context.JobId, null);
        await site.ConvergeAsync(context.MachineId, cancellationToken);
        await context.Machine.AssignAsync(context.JobId, machine.Assignment with
        {
            Mode = AgentMode.Replicate,
            CrashConsistentFrequencySeconds = policy.CrashConsistentFrequencySeconds,
            AppConsistentFrequencyHours = policy.AppConsistentFrequencyHours,
            FailbackPointId = null,
            FinalPointId = null,
            OnDemandPointId = DerivedId.Of(context.JobId, "home"),
            OnDemandIsAppConsistent = false,
            Bases = FinalBases(context),
        });
    }

    private async Task RemoveAsync(JobContext context, CancellationToken cancellationToken)
    {
        await context.Machine.SetFailoverAsync(context.JobId, null);
        await site.ConvergeAsync(context.MachineId, cancellationToken);
        if (context.Outputs.Copy is { } copy)
        {
            CopyFiles.Remove(copy);
        }
    }

    private async Task ProtectAsync(JobContext context, CancellationToken cancellationToken)
    {
        AsrRecoveryPoint point = await waits.UntilPublishedAsync(context, DerivedId.Of(context.JobId, "home"), MachineWaits.SilenceMax, cancellationToken);
        await context.ReportAsync(new StepProgress(100, $"Recovery point of {point.Time:u} at the original site."));
    }

    private async Task BringAsync(JobContext context, Guid pointId, DiskBase[]? bases, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        await context.Machine.AssignAsync(
            context.JobId, machine.Assignment with { Mode = AgentMode.Failback, DiskIds = machine.DiskIds, FailbackPointId = pointId, FinalPointId = null, Bases = bases });
        long before = (await context.Machine.LookAsync()).Report?.FailbackBytesMoved ?? 0;
        MachineView done = await waits.UntilAsync(
            context, view => view.HasReached(AgentMode.Failback) && view.Report!.FailbackPointDone == pointId, MachineWaits.SilenceMax, cancellationToken);
        long bytesMoved = Math.Max(0, done.Report!.FailbackBytesMoved - before);
        await context.ReportAsync(new StepProgress(100, $"{bytesMoved} bytes differed and were moved.", bytesMoved));
    }
}
