using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>Removes what a test failover has made, and nothing else.</summary>
public sealed class CleanUpTestFailoverJob(RecoverySite site, RecoveryFolders folders) : IJobDefinition
{
    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.CleanUpTestFailover];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request) =>
    [
        new JobStep("close", "Close the exports", CloseAsync),
        new JobStep("remove", "Remove the files", RemoveAsync),
    ];

    private async Task CloseAsync(JobContext context, CancellationToken cancellationToken)
    {
        SiteCopy? copy = (await context.Machine.LookAsync()).Document.TestFailover;
        if (copy is not null)
        {
            // Kept before the machine forgets it: from here on only this job knows what to remove.
            await context.SaveOutputsAsync(context.Outputs with { Copy = copy });
            await context.Machine.SetTestFailoverAsync(context.JobId, null);
        }
        await site.ConvergeAsync(context.MachineId, cancellationToken);
    }

    private Task RemoveAsync(JobContext context, CancellationToken cancellationToken)
    {
        if (context.Outputs.Copy is { } copy)
        {
            TestFailoverJob.RemoveOverlays(folders, copy.JobId);
            CopyFiles.Remove(copy);
        }
        return Task.CompletedTask;
    }
}
