using System.Collections.Generic;
using Asr.Contracts;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>Brings the failed-over machine up again from another point. What was written at the recovery site since the failover is dropped.</summary>
public sealed class ChangeRecoveryPointJob(BringUpSteps bringUp, CopyBuilder builder) : IJobDefinition
{
    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.ChangeRecoveryPoint];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request) =>
    [
        new JobStep("choose", "Choose the recovery point; changes made at the recovery site will be dropped", builder.ChoosePointAsync),
        .. bringUp.Plan(replaces: true),
    ];
}
