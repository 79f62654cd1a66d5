using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>The steps that every failover shares: the disks of the job's recovery point become files in a folder, served at once.</summary>
public sealed class BringUpSteps(CopyBuilder builder, RecoverySite site, TimeProvider time)
{
    /// <summary>The steps. With <paramref name="replaces"/> they put another copy in the place of the one that is up, which cannot be taken back.</summary>
    public IReadOnlyList<JobStep> Plan(bool replaces) =>
    [
        new JobStep("folder", "Prepare the folder", PrepareAsync, RemoveAsync, TidiesUnfinished: true),
        new JobStep("write", "Write the disks", builder.WriteDisksAsync),
        new JobStep(
            "serve",
            replaces ? "Put the new disks in the place of the old ones and serve them" : "Serve the disks",
            (context, cancellationToken) => ServeAsync(context, replaces, cancellationToken),
            CloseAsync),
    ];

    private async Task PrepareAsync(JobContext context, CancellationToken cancellationToken)
    {
        SiteCopy? previous = (await context.Machine.LookAsync()).Document.Failover;
        await builder.PrepareFolderAsync(context, CopyBuilder.Describe(context), ExportKind.Failover, previous);
    }

    private async Task ServeAsync(JobContext context, bool replaces, CancellationToken cancellationToken)
    {
        SiteCopy copy = context.Outputs.Copy!;
        SiteCopy? previous = context.Outputs.Replaced ?? (await context.Machine.LookAsync()).Document.Failover;
        if (replaces && previous is not null && previous.JobId != context.JobId)
        {
            await context.SaveOutputsAsync(context.Outputs with { IsIrreversible = true, Replaced = previous });
            await context.Machine.SetFailoverAsync(context.JobId, null);
            await site.ConvergeAsync(context.MachineId, cancellationToken);
            if (previous.Copy.Folder != copy.Copy.Folder)
            {
                CopyFiles.Remove(previous);
            }
        }
        CopyFiles.PutInPlace(copy);
        await context.Machine.SetFailoverAsync(context.JobId, copy);
        await site.ConvergeAsync(context.MachineId, cancellationToken);
        DateTimeOffset now = time.GetUtcNow();
        copy = copy with { Copy = copy.Copy with { StartedAt = now, RtoSeconds = (now - context.AcceptedAt).TotalSeconds } };
        await context.SaveOutputsAsync(context.Outputs with { Copy = copy });
        await context.Machine.SetFailoverAsync(context.JobId, copy);
        await context.ReportAsync(new StepProgress(100, $"Readable {copy.Copy.RtoSeconds:0.0} seconds after the request."));
    }

    private async Task CloseAsync(JobContext context, CancellationToken cancellationToken)
    {
        await context.Machine.SetFailoverAsync(context.JobId, null);
        await site.ConvergeAsync(context.MachineId, cancellationToken);
    }

    private async Task RemoveAsync(JobContext context, CancellationToken cancellationToken)
    {
        if (context.Outputs.Copy is not { } copy)
        {
            return;
        }
        SiteCopy? running = (await context.Machine.LookAsync()).Document.Failover;
        if (running is null)
        {
            // Files that are in their place already too: a copy of which not all disks are there is none.
            CopyFiles.Remove(copy);
        }
        else
        {
            CopyFiles.RemoveParts(copy);
        }
    }
}
