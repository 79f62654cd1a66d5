using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>
/// Brings a copy up beside the running machine: its disks are readable and writable at once, straight from the vault, and with
/// <see cref="OperationRequest.Materialize"/> they are written out as files after that.
/// </summary>
public sealed class TestFailoverJob(CopyBuilder builder, RecoverySite site, RecoveryFolders folders, TimeProvider time) : IJobDefinition
{
    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.TestFailover];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request)
    {
        List<JobStep> plan =
        [
            new JobStep("choose", "Choose the recovery point", builder.ChoosePointAsync),
        ];
        if (request.Materialize)
        {
            plan.Add(new JobStep(
                "folder", "Prepare the folder", (context, _) => builder.PrepareFolderAsync(context, CopyBuilder.Describe(context), ExportKind.TestFailover, null), RemoveFilesAsync));
        }
        plan.Add(new JobStep("open", "Open the disks", OpenAsync, CloseAsync));
        if (request.Materialize)
        {
            plan.Add(new JobStep("write", "Write the disks to the folder", WriteAsync));
        }
        return plan;
    }

    private async Task OpenAsync(JobContext context, CancellationToken cancellationToken)
    {
        SiteCopy copy = context.Outputs.Copy ?? CopyBuilder.Describe(context);
        await context.SaveOutputsAsync(context.Outputs with { Copy = copy });
        await context.Machine.SetTestFailoverAsync(context.JobId, copy);
        await site.ConvergeAsync(context.MachineId, cancellationToken);
        DateTimeOffset now = time.GetUtcNow();
        copy = copy with { Copy = copy.Copy with { StartedAt = now, RtoSeconds = (now - context.AcceptedAt).TotalSeconds } };
        await context.SaveOutputsAsync(context.Outputs with { Copy = copy });
        await context.Machine.SetTestFailoverAsync(context.JobId, copy);
        await context.ReportAsync(new StepProgress(100, $"Readable {copy.Copy.RtoSeconds:0.0} seconds after the request."));
    }

    private async Task WriteAsync(JobContext context, CancellationToken cancellationToken)
    {
        await builder.WriteDisksAsync(context, cancellationToken);
        CopyFiles.PutInPlace(context.Outputs.Copy!);
        await context.Machine.SetTestFailoverAsync(context.JobId, context.Outputs.Copy);
    }

    private async Task CloseAsync(JobContext context, CancellationToken cancellationToken)
    {
        await context.Machine.SetTestFailoverAsync(context.JobId, null);
        await site.ConvergeAsync(context.MachineId, cancellationToken);
        RemoveOverlays(folders, context.JobId);
    }

    private static Task RemoveFilesAsync(JobContext context, CancellationToken cancellationToken)
    {
        if (context.Outputs.Copy is { } copy)
        {
            CopyFiles.Remove(copy);
        }
        return Task.CompletedTask;
    }

    /// <summary>Removes the private writes of a drill.</summary>
    internal static void RemoveOverlays(RecoveryFolders folders, Guid jobId) => CopyFiles.Guard(folders.OverlayFolder(jobId), () =>
    {
        if (Directory.Exists(folders.OverlayFolder(jobId)))
        {
            Directory.Delete(folders.OverlayFolder(jobId), recursive: true);
        }
        return true;
    });
}
