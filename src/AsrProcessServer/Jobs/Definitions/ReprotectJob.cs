using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>
/// Replicates the machine from the recovery site into the vault, as a branch from the point it was brought up from. What has changed
/// there since is known from the copy's activity logs, so only that travels.
/// </summary>
public sealed class ReprotectJob(RecoverySite site, IPolicyStore policies, MachineWaits waits) : IJobDefinition
{
    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.Reprotect];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request) =>
    [
        new JobStep("start", "Follow the changes at the recovery site", StartAsync, StopAsync),
        new JobStep("point", "Bring the changes into the vault and publish a recovery point", PublishAsync),
    ];

    private async Task StartAsync(JobContext context, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        AsrReplicationPolicy policy = await policies.GetAsync(machine.PolicyName!, cancellationToken);
        AsrReplicationPolicy failback = policy.FailbackPolicyName is { } name ? await policies.GetAsync(name, cancellationToken) : policy;
        // The source must not write to the vault any more, even if it could not be reached until now.
        await context.Machine.AssignAsync(context.JobId, machine.Assignment with { Mode = AgentMode.Fence, FinalPointId = null });
        await context.Machine.AssignReverseAsync(context.JobId, new AgentAssignment
        {
            Mode = AgentMode.Replicate,
            DiskIds = machine.DiskIds,
            CrashConsistentFrequencySeconds = failback.CrashConsistentFrequencySeconds,
            OnDemandPointId = DerivedId.Of(context.JobId, "first"),
            Bases = machine.Failover!.Bases,
        });
        await site.ConvergeAsync(context.MachineId, cancellationToken);
    }

    private async Task PublishAsync(JobContext context, CancellationToken cancellationToken)
    {
        AsrRecoveryPoint point = await waits.UntilPublishedAsync(context, DerivedId.Of(context.JobId, "first"), null, cancellationToken);
        MachineDocument machine = (await context.Machine.LookAsync()).Document;
        // The branch has begun; a restart continues at its head.
        await context.Machine.AssignReverseAsync(context.JobId, machine.ReverseAssignment! with { Bases = null });
        await site.ConvergeAsync(context.MachineId, cancellationToken);
        await context.ReportAsync(new StepProgress(100, $"Recovery point of {point.Time:u}."));
    }

    private async Task StopAsync(JobContext context, CancellationToken cancellationToken)
    {
        try
        {
            await context.Machine.AssignReverseAsync(context.JobId, null);
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.Cancelled)
        {
            // The operation that ended this job has taken the assignment over.
            return;
        }
        await site.ConvergeAsync(context.MachineId, cancellationToken);
    }
}
