using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>
/// Makes a failover final. Recovery points stay as retention says: they are taken neither by the commit nor by the reprotect that may
/// follow, so there is nothing to do but to close the way back, which accepting the job has done.
/// </summary>
public sealed class CommitFailoverJob : IJobDefinition
{
    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.CommitFailover];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request) =>
    [
        new JobStep("commit", "Make the failover final", (context, _) => context.ReportAsync(new StepProgress(100, "Recovery points are kept.")).AsTask()),
    ];
}
