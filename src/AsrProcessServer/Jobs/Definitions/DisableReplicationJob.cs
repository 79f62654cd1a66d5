using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.Engine.Vault;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Recovery;
using Asr.ProcessServer.Recovery.Mounts;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>
/// Ends replication and removes the machine from the vault. Files of a failed-over machine stay in their folder: they are all
/// that is left of it. Immutable points stay in the vault, with all data and keys; the same job removes them when their window has passed.
/// </summary>
public sealed class DisableReplicationJob(
    MachineWaits waits, RecoverySite site, IPointMounts mounts, IVault vault, IRecoveryPointLog points, IInstantLog instants, ChangeWatchStore watch, IEventLog events) : IJobDefinition
{
    private static readonly TimeSpan AgentTimeout = TimeSpan.FromSeconds(20);

    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.DisableReplication];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request) =>
    [
        new JobStep("stop", "Stop replication", StopAsync),
        new JobStep("site", "Release the recovery site", ReleaseSiteAsync),
        new JobStep("mounts", "Dismount its recovery points", (context, _) => mounts.DismountAllAsync(context.MachineId)),
        new JobStep("points", "Remove the recovery points", RemovePointsAsync),
        new JobStep("data", "Remove the replicated data", RemoveDataAsync),
    ];

    private async Task StopAsync(JobContext context, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        await context.Machine.AssignReverseAsync(context.JobId, null);
        await context.Machine.AssignAsync(context.JobId, new AgentAssignment
        {
            Mode = AgentMode.Idle,
            ResynchronizeGeneration = machine.Assignment.ResynchronizeGeneration,
        });
        try
        {
            await waits.UntilModeAsync(context, AgentMode.Idle, AgentTimeout, cancellationToken);
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.AgentUnreachable)
        {
            await context.ReportAsync(new StepProgress(null, "The agent does not answer; it stops when it hears from the appliance again."));
        }
    }

    private async Task ReleaseSiteAsync(JobContext context, CancellationToken cancellationToken)
    {
        if ((await context.Machine.LookAsync()).Document.Failover is not { } copy)
        {
            return;
        }
        await context.Machine.SetFailoverAsync(context.JobId, null);
        await site.ConvergeAsync(context.MachineId, cancellationToken);
        CopyFiles.RemoveActivity(copy);
        await context.ReportAsync(new StepProgress(100, $"The disk files stay in '{copy.Copy.Folder}'."));
    }

    private async Task RemovePointsAsync(JobContext context, CancellationToken cancellationToken)
    {
        DateTimeOffset? keptUntil = await points.DeleteAllAsync(context.MachineId, cancellationToken);
        await context.ReportAsync(new StepProgress(100, keptUntil is { } until ? Kept(context, until) : null));
    }

    private async Task RemoveDataAsync(JobContext context, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;

        // Asked again: the last window may have passed since the step before, or that step may have been long ago.
        if (await points.DeleteAllAsync(context.MachineId, cancellationToken) is { } until)
        {
            await context.Machine.SetProtectionAsync(context.JobId, new ProtectionChange(machine.PolicyName, machine.DiskIds, until));
            await context.ReportAsync(new StepProgress(100, "Data and keys stay as long as the immutable recovery points."));
            await events.AddAsync(
                new AsrEvent
                {
                    Severity = EventSeverity.Normal,
                    Code = "RecoveryPointsKept",
                    Message = $"Replication of '{context.MachineName}' is off. {Kept(context, until)}",
                    MachineId = context.MachineId,
                    MachineName = context.MachineName,
                },
                cancellationToken);
            return;
        }

        foreach (Guid diskId in machine.DiskIds)
        {
            await vault.DeleteDiskAsync(diskId, cancellationToken);
        }
        await context.Machine.SetProtectionAsync(context.JobId, new ProtectionChange(null, []));

        // Last: as long as the machine was protected, a late report could have brought some.
        await instants.DeleteAllAsync(context.MachineId, cancellationToken);
        await watch.DeleteAsync(context.MachineId, cancellationToken);
    }

    private static string Kept(JobContext context, DateTimeOffset until) =>
        $"Immutable recovery points of '{context.MachineName}' stay until {until:u}, usable for failover; the appliance removes them and their data after that.";
}
