using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Points;
using Asr.Engine.Vault;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>
/// Writes the disks of a recovery point to files. It reads the vault and nothing else, so it stands beside whatever the machine does. Files appear under their
/// names only when all of them are whole and durable.
/// </summary>
public sealed class ExportRecoveryPointJob(CopyBuilder builder, DiskExporter exporter, IVault vault, IRecoveryPointLog points, PointsInUse inUse) : IJobDefinition
{
    // Each keeps the cores and the medium busy by itself; more at a time would only make all of them late.
    private const int ExportsMax = 2;

    private readonly SemaphoreSlim _slots = new(ExportsMax, ExportsMax);

    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.ExportRecoveryPoint];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request) =>
    [
        new JobStep("choose", "Choose the recovery point", builder.ChoosePointAsync),
        new JobStep("folder", "Prepare the folder", PrepareAsync, RemoveAsync),
        new JobStep("write", "Write the disks", WriteAsync),
        new JobStep("place", "Put the files in place", PlaceAsync),
    ];

    private async Task PrepareAsync(JobContext context, CancellationToken cancellationToken)
    {
        DiskExporter.Check(context.Request.Format);
        if (context.Outputs.Copy is null)
        {
            SiteCopy copy = SiteCopy.Of(context.JobId, context.Outputs.Point!, context.Request.DiskIds);
            await context.SaveOutputsAsync(context.Outputs with
            {
                Copy = CopyFiles.Plan(copy, context.Request.Folder!, previous: null, DiskExporter.ExtensionOf(context.Request.Format), context.Request.Overwrite),
            });
        }
        CopyFiles.CreateFolder(context.Outputs.Copy!);
        await context.ReportAsync(new StepProgress(100, context.Outputs.Copy!.Copy.Folder));
    }

    private async Task WriteAsync(JobContext context, CancellationToken cancellationToken)
    {
        await context.ReportAsync(new StepProgress(0, "Waiting for its turn."));
        await _slots.WaitAsync(cancellationToken);
        try
        {
            AsrRecoveryPoint point = context.Outputs.Point!;
            using IDisposable hold = inUse.Hold(context.MachineId, point.Id);
            if (await points.FindAsync(context.MachineId, point.Id, cancellationToken) is null)
            {
                throw new AsrException(
                    AsrErrorCode.RecoveryPointUnavailable, $"The recovery point of {point.Time:u} has expired meanwhile.", "Export a newer one.", point.Id.ToString());
            }
            await WriteDisksAsync(context, cancellationToken);
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task WriteDisksAsync(JobContext context, CancellationToken cancellationToken)
    {
        SiteCopy copy = context.Outputs.Copy!;
        long bytesTotal = copy.Copy.Disks.Sum(disk => disk.SizeBytes);
        long bytesDone = 0;
        long bytesWritten = 0;
        foreach (FailoverDisk disk in copy.Copy.Disks)
        {
            // After a restart those that were whole are still there.
            if (context.Outputs.Files.All(file => file.DiskId != disk.DiskId))
            {
                StreamPosition position = copy.Bases.First(known => known.DiskId == disk.DiskId).Position;
                await using IBlockDevice replica = await vault.OpenAsync(disk.DiskId, position, cancellationToken);
                AsrExportedDisk file = await exporter.WriteAsync(
                    new DiskExport(context.MachineName, copy, disk, context.Request.Format),
                    replica,
                    done => context.ReportAsync(
                        new StepProgress(100.0 * (bytesDone + done.BytesDone) / bytesTotal, $"Writing '{disk.Path}'.", bytesWritten + done.BytesWritten)),
                    cancellationToken);
                await context.SaveOutputsAsync(context.Outputs with { Files = [.. context.Outputs.Files, file] });
            }
            bytesDone += disk.SizeBytes;
            bytesWritten += context.Outputs.Files.First(file => file.DiskId == disk.DiskId).BytesWritten;
        }
        await context.ReportAsync(new StepProgress(100, $"{bytesTotal} bytes of disks, {bytesWritten} bytes written.", bytesWritten));
    }

    private static Task PlaceAsync(JobContext context, CancellationToken cancellationToken)
    {
        CopyFiles.PutInPlace(context.Outputs.Copy!);
        return Task.CompletedTask;
    }

    private static Task RemoveAsync(JobContext context, CancellationToken cancellationToken)
    {
        if (context.Outputs.Copy is not { } copy)
        {
            return Task.CompletedTask;
        }
        // What may be replaced was there before: the names are not this job's alone.
        if (context.Request.Overwrite)
        {
            CopyFiles.RemoveParts(copy);
        }
        else
        {
            CopyFiles.Remove(copy);
        }
        return Task.CompletedTask;
    }
}
