using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>The operations that only change what a replicating side is told, and wait for it: pause, resume, resynchronise, recovery point on demand.</summary>
public sealed class ReplicationControlJobs(MachineWaits waits, RecoverySite site) : IJobDefinition
{
    private static readonly TimeSpan AgentTimeout = TimeSpan.FromSeconds(30);

    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } =
    [
        MachineOperation.PauseReplication, MachineOperation.ResumeReplication, MachineOperation.Resynchronize, MachineOperation.CreateRecoveryPoint,
    ];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request) => request.Operation switch
    {
        MachineOperation.PauseReplication => [new JobStep("pause", "Pause the agent", (context, ct) => SwitchAsync(context, AgentMode.Pause, ct))],
        MachineOperation.ResumeReplication => [new JobStep("resume", "Let the agent go on", (context, ct) => SwitchAsync(context, AgentMode.Replicate, ct))],
        MachineOperation.Resynchronize => [new JobStep("compare", "Compare the disks with the replica and send what differs", ResynchronizeAsync)],
        MachineOperation.CreateRecoveryPoint => [new JobStep("point", "Make and publish a recovery point", CreatePointAsync)],
        _ => throw new ArgumentOutOfRangeException(nameof(request), request.Operation, "Not an operation of this definition."),
    };

    private async Task SwitchAsync(JobContext context, AgentMode mode, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        await context.Machine.AssignAsync(context.JobId, machine.Assignment with { Mode = mode });
        await waits.UntilModeAsync(context, mode, AgentTimeout, cancellationToken);
    }

    private async Task ResynchronizeAsync(JobContext context, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        // Counted from what it was when the job was accepted, so that a repetition asks for the same comparison.
        long generation = (machine.Job?.Before.Assignment.ResynchronizeGeneration ?? machine.Assignment.ResynchronizeGeneration) + 1;
        await context.Machine.AssignAsync(context.JobId, machine.Assignment with { ResynchronizeGeneration = generation });
        await waits.UntilAsync(
            context,
            view => view.HasReached(AgentMode.Replicate)
                && view.Report is { InSync: true, Resynchronizing: false } report && report.ResynchronizeGenerationDone >= generation,
            null,
            cancellationToken);
    }

    private async Task CreatePointAsync(JobContext context, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        bool isReverse = machine.ReverseAssignment is not null;
        if (isReverse && context.Request.AppConsistent)
        {
            throw new AsrException(
                AsrErrorCode.OperationNotAllowed,
                $"'{context.MachineName}' runs at the recovery site, where no agent can bring its applications to rest.",
                "Make a crash-consistent point, or fail back first.");
        }
        if (isReverse)
        {
            await context.Machine.AssignReverseAsync(context.JobId, machine.ReverseAssignment! with { OnDemandPointId = context.JobId, OnDemandIsAppConsistent = false });
            await site.ConvergeAsync(context.MachineId, cancellationToken);
        }
        else
        {
            await context.Machine.AssignAsync(context.JobId, machine.Assignment with { OnDemandPointId = context.JobId, OnDemandIsAppConsistent = context.Request.AppConsistent });
        }
        AsrRecoveryPoint point = await waits.UntilPublishedAsync(context, context.JobId, isReverse ? null : MachineWaits.SilenceMax, cancellationToken);
        await context.SaveOutputsAsync(context.Outputs with { Point = point });
        await context.ReportAsync(new StepProgress(100, $"Recovery point of {point.Time:u}, published {point.PublishedAt:u}."));
        if (point.AppConsistencyError is { } error)
        {
            throw new AsrException(
                error.Code, $"The recovery point of {point.Time:u} was made, but is crash-consistent: {error.Message}", error.Action, error.Target);
        }
    }
}
