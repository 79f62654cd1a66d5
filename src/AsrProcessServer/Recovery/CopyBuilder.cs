using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Points;
using Asr.Engine.Vault;
using Asr.ProcessServer.Compute;
using Asr.ProcessServer.Jobs;

namespace Asr.ProcessServer.Recovery;

/// <summary>The work of the steps that bring a machine up: choose the point, name the files, write them. Every member may be repeated after a crash.</summary>
public sealed class CopyBuilder(IVault vault, IRecoveryPointLog points, IComputeTarget target, RecoveryFolders folders)
{
    /// <summary>Chooses the point asked for, or the newest one, and keeps it as the job's.</summary>
    public async Task ChoosePointAsync(JobContext context, CancellationToken cancellationToken)
    {
        if (context.Outputs.Point is null)
        {
            AsrRecoveryPoint point = await FindAsync(context, cancellationToken);
            await context.SaveOutputsAsync(context.Outputs with { Point = point });
        }
        await context.ReportAsync(new StepProgress(100, $"Recovery point of {context.Outputs.Point!.Time:u}."));
    }

    /// <summary>Describes the copy to be made from the job's point, without any file yet.</summary>
    public static SiteCopy Describe(JobContext context) => SiteCopy.Of(context.JobId, context.Outputs.Point!);

    /// <summary>Names the files of the job's copy and makes their folder.</summary>
    /// <param name="context">The running step.</param>
    /// <param name="copy">The copy to be made.</param>
    /// <param name="kind">What it is for.</param>
    /// <param name="previous">The copy whose place it takes, or null.</param>
    public async Task PrepareFolderAsync(JobContext context, SiteCopy copy, ExportKind kind, SiteCopy? previous)
    {
        if (context.Outputs.Copy is null)
        {
            string folder = context.Request.Folder ?? previous?.Copy.Folder ?? folders.CopyFolder(context.MachineName, kind, context.JobId);
            await context.SaveOutputsAsync(context.Outputs with { Copy = CopyFiles.Plan(copy, folder, previous) });
        }
        CopyFiles.CreateFolder(context.Outputs.Copy!);
        await context.ReportAsync(new StepProgress(100, context.Outputs.Copy!.Copy.Folder));
    }

    /// <summary>Writes every disk beside its place; those already written are not written again.</summary>
    public async Task WriteDisksAsync(JobContext context, CancellationToken cancellationToken)
    {
        long bytesTotal = context.Outputs.Copy!.Copy.Disks.Sum(disk => disk.SizeBytes);
        long bytesDone = 0;
        long bytesWritten = 0;
        foreach (FailoverDisk disk in context.Outputs.Copy.Copy.Disks)
        {
            if (disk.Sha256 is null)
            {
                WrittenDisk written = await WriteDiskAsync(context, disk, bytesDone, bytesTotal, bytesWritten, cancellationToken);
                bytesWritten += written.BytesWritten;
                await context.SaveOutputsAsync(context.Outputs with { Copy = WithHash(context.Outputs.Copy!, disk.DiskId, written.Sha256) });
            }
            bytesDone += disk.SizeBytes;
        }
        await context.ReportAsync(new StepProgress(100, $"{bytesTotal} bytes of disks, {bytesWritten} bytes written.", bytesWritten));
    }

    private async Task<WrittenDisk> WriteDiskAsync(
        JobContext context, FailoverDisk disk, long bytesDone, long bytesTotal, long bytesWritten, CancellationToken cancellationToken)
    {
        SiteCopy copy = context.Outputs.Copy!;
        StreamPosition position = copy.Bases.First(known => known.DiskId == disk.DiskId).Position;
        await using IBlockDevice replica = await vault.OpenAsync(disk.DiskId, position, cancellationToken);
        return await target.WriteDiskAsync(
            replica,
            CopyFiles.PartPath(copy, disk),
            done => context.ReportAsync(
                new StepProgress(100.0 * (bytesDone + done.BytesDone) / bytesTotal, $"Writing '{disk.Name}'.", bytesWritten + done.BytesWritten)),
            cancellationToken);
    }

    private async Task<AsrRecoveryPoint> FindAsync(JobContext context, CancellationToken cancellationToken)
    {
        AsrRecoveryPoint? point = context.Request.RecoveryPointId is { } wanted
            ? await points.FindAsync(context.MachineId, wanted, cancellationToken)
            : (await points.ListAsync(context.MachineId, 1, cancellationToken)).FirstOrDefault();
        return point ?? throw new AsrException(
            AsrErrorCode.RecoveryPointUnavailable, $"'{context.MachineName}' has no such recovery point any more.", "List the machine's recovery points.",
            context.MachineName);
    }

    private static SiteCopy WithHash(SiteCopy copy, Guid diskId, string sha256) => copy with
    {
        Copy = copy.Copy with { Disks = copy.Copy.Disks.Select(disk => disk.DiskId == diskId ? disk with { Sha256 = sha256 } : disk).ToArray() },
    };
}
