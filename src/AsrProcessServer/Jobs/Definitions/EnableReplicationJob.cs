using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.Engine.Vault;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Machines;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>Starts replication and waits for the first recovery point, however long the first copy takes.</summary>
public sealed class EnableReplicationJob(IPolicyStore policies, MachineWaits waits, IVault vault, IRecoveryPointLog points) : IJobDefinition
{
    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.EnableReplication];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request) =>
    [
        new JobStep("assign", "Tell the agent what to replicate", AssignAsync, RemoveReplicaAsync),
        new JobStep("copy", "Copy the disks for the first time", CopyAsync),
        new JobStep("point", "Publish the first recovery point", PublishAsync),
    ];

    private async Task AssignAsync(JobContext context, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        AsrReplicationPolicy policy = await policies.GetAsync(machine.PolicyName!, cancellationToken);
        await context.Machine.AssignAsync(context.JobId, machine.Assignment with
        {
            Mode = AgentMode.Replicate,
            DiskIds = machine.DiskIds,
            CrashConsistentFrequencySeconds = policy.CrashConsistentFrequencySeconds,
            AppConsistentFrequencyHours = policy.AppConsistentFrequencyHours,
            ConsistencyGroup = machine.ConsistencyGroup,
            Bases = null,
        });
    }

    private async Task CopyAsync(JobContext context, CancellationToken cancellationToken)
    {
        MachineView view = await waits.UntilAsync(context, view => view.HasReached(AgentMode.Replicate) && view.Report!.InSync, null, cancellationToken);

        // All of it belongs to the first copy, also what went before this step was looked at. The next step counts what is still on its way.
        long bytesSent = view.Report!.Disks.Sum(disk => disk.SentBytes);
        await context.ReportAsync(new StepProgress(100, "The replica equals the disks.", bytesSent));
    }

    private async Task PublishAsync(JobContext context, CancellationToken cancellationToken)
    {
        AsrRecoveryPoint? first = null;
        await waits.UntilAsync(context, HasReportedFirst, null, cancellationToken);

        // Until the agent knows that the point is in the vault, so that the bytes it tells include all of the first copy.
        bool HasReportedFirst(MachineView view)
        {
            first ??= view.LatestPoint;
            return first is not null && first.Disks.All(disk =>
                view.Report?.Disks.Any(told => told.Id == disk.DiskId && told.VaultSequence >= disk.Sequence) == true);
        }
    }

    private async Task RemoveReplicaAsync(JobContext context, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        try
        {
            await context.Machine.AssignAsync(context.JobId, machine.Assignment with { Mode = AgentMode.Idle, DiskIds = [] });
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.Cancelled)
        {
            // The operation that ended this job removes the replica itself.
            return;
        }
        if (await points.DeleteAllAsync(context.MachineId, cancellationToken) is { } keptUntil)
        {
            await context.Machine.SetProtectionAsync(context.JobId, new ProtectionChange(machine.PolicyName, machine.DiskIds, keptUntil));
            return;
        }
        foreach (Guid diskId in machine.DiskIds)
        {
            await vault.DeleteDiskAsync(diskId, cancellationToken);
        }
    }
}
