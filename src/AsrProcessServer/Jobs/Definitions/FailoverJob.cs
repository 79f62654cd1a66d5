using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>
/// Planned: the source stops writing, its last change becomes the final point, then it is fenced, so nothing is lost. Unplanned: what the
/// vault holds is enough, and a source that can still be reached is fenced.
/// </summary>
public sealed class FailoverJob(BringUpSteps bringUp, CopyBuilder builder, MachineWaits waits) : IJobDefinition
{
    private static readonly TimeSpan FenceTimeout = TimeSpan.FromSeconds(15);

    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.PlannedFailover, MachineOperation.UnplannedFailover];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request) => request.Operation == MachineOperation.PlannedFailover
        ?
        [
            new JobStep("quiesce", "Stop the machine's writes and take its last change", QuiesceAsync),
            new JobStep("fence", "Keep the source stopped", FenceAsync),
            .. bringUp.Plan(replaces: false),
        ]
        :
        [
            new JobStep("fence", "Keep the source from running on, if it can be reached", TryFenceAsync),
            new JobStep("choose", "Choose the recovery point", builder.ChoosePointAsync),
            .. bringUp.Plan(replaces: false),
        ];

    private async Task QuiesceAsync(JobContext context, CancellationToken cancellationToken)
    {
        Guid finalPointId = DerivedId.Of(context.JobId, "final");
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        await context.Machine.AssignAsync(context.JobId, machine.Assignment with { Mode = AgentMode.Quiesce, FinalPointId = finalPointId });
        AsrRecoveryPoint point = await waits.UntilPublishedAsync(context, finalPointId, MachineWaits.SilenceMax, cancellationToken);
        await context.SaveOutputsAsync(context.Outputs with { Point = point });
        await context.ReportAsync(new StepProgress(100, $"Final recovery point of {point.Time:u}."));
    }

    private async Task FenceAsync(JobContext context, CancellationToken cancellationToken)
    {
        await AssignFenceAsync(context);
        await waits.UntilModeAsync(context, AgentMode.Fence, MachineWaits.SilenceMax, cancellationToken);
    }

    private async Task TryFenceAsync(JobContext context, CancellationToken cancellationToken)
    {
        await AssignFenceAsync(context);
        if ((await context.Machine.LookAsync()).AgentConnected)
        {
            try
            {
                using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                timeout.CancelAfter(FenceTimeout);
                await waits.UntilModeAsync(context, AgentMode.Fence, FenceTimeout, timeout.Token);
                await context.ReportAsync(new StepProgress(100, "The source refuses writes."));
                return;
            }
            catch (AsrException error) when (error.Code == AsrErrorCode.AgentUnreachable)
            {
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
            }
        }
        await context.ReportAsync(new StepProgress(null, "The agent does not answer; it is told to refuse writes when it comes back."));
    }

    private static async Task AssignFenceAsync(JobContext context)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        await context.Machine.AssignAsync(context.JobId, machine.Assignment with { Mode = AgentMode.Fence, DiskIds = machine.DiskIds, FinalPointId = null });
    }
}
