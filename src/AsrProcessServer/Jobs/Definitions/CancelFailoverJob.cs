using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>Drops the failed-over copy and lets the source go on. What was written at the recovery site is dropped.</summary>
public sealed class CancelFailoverJob(RecoverySite site, MachineWaits waits) : IJobDefinition
{
    private static readonly TimeSpan AgentTimeout = TimeSpan.FromSeconds(20);

    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.CancelFailover];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request) =>
    [
        new JobStep("drop", "Stop and remove the copy at the recovery site", DropAsync),
        new JobStep("resume", "Let the source go on", ResumeAsync),
    ];

    private async Task DropAsync(JobContext context, CancellationToken cancellationToken)
    {
        SiteCopy? copy = (await context.Machine.LookAsync()).Document.Failover ?? context.Outputs.Copy;
        await context.SaveOutputsAsync(context.Outputs with { Copy = copy, IsIrreversible = true });
        await context.Machine.SetFailoverAsync(context.JobId, null);
        await site.ConvergeAsync(context.MachineId, cancellationToken);
        if (copy is not null)
        {
            CopyFiles.Remove(copy);
        }
    }

    private async Task ResumeAsync(JobContext context, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        // Where replication had been disabled, it stays so.
        AgentMode mode = machine.PointsKeptUntil is null ? AgentMode.Replicate : AgentMode.Idle;
        IReadOnlyList<Guid> diskIds = mode == AgentMode.Replicate ? machine.Assignment.DiskIds : [];
        await context.Machine.AssignAsync(context.JobId, machine.Assignment with { Mode = mode, DiskIds = diskIds, FinalPointId = null, Bases = null });
        try
        {
            await waits.UntilModeAsync(context, mode, AgentTimeout, cancellationToken);
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.AgentUnreachable)
        {
            await context.ReportAsync(new StepProgress(null, "The agent does not answer; it goes on when it hears from the appliance again."));
        }
    }
}
