using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Vault;

namespace Asr.ProcessServer.Recovery;

/// <summary>Opens the disks of a copy; serving them is a step of its own. On failure nothing stays open.</summary>
public sealed class CopyOpener(IVault vault, IExportHost exports, RecoveryFolders folders)
{
    /// <summary>A drill: each disk is read from the vault in place, what is written stays in an overlay of its own.</summary>
    public Task<OpenCopy> OpenTestFailoverAsync(string machineName, SiteCopy copy, CancellationToken cancellationToken) => OpenInPlaceAsync(
        copy, folders.OverlayFolder(copy.JobId), disk => ExportNames.For(machineName, ExportKind.TestFailover, disk.Name), cancellationToken);

    /// <summary>A mount: the same, and without overlays when it is read-only.</summary>
    public Task<OpenCopy> OpenMountAsync(string machineName, SiteCopy copy, bool isReadOnly, CancellationToken cancellationToken) => OpenInPlaceAsync(
        copy, isReadOnly ? null : folders.MountFolder(copy.JobId), disk => ExportNames.ForMount(machineName, copy.JobId, disk.Name), cancellationToken);

    /// <summary>
    /// A failed-over machine: each disk is the file that was written for it. Changes are noted from the first write on, relative to the recovery point, so that
    /// reprotect knows them.
    /// </summary>
    /// <param name="machineName">Name of the machine.</param>
    /// <param name="copy">The copy.</param>
    /// <param name="captures">Gets the disks with their capture; they belong to the open copy.</param>
    public Task<OpenCopy> OpenFailoverAsync(string machineName, SiteCopy copy, List<DiskCapture> captures) => OpenAsync(copy, (open, disk) =>
    {
        FileBlockDevice file = open.Own(FileBlockDevice.Open(disk.Path!, isReadOnly: false));
        if (file.Length != disk.SizeBytes)
        {
            throw new AsrException(
                AsrErrorCode.DiskSizeChanged, $"Disk file '{disk.Path}' has {file.Length} bytes, the disk has {disk.SizeBytes}.",
                "Use ChangeRecoveryPoint to bring the machine up again.", disk.Path);
        }
        DiskCapture capture = open.Own(new DiskCapture(disk.DiskId, disk.Name, file, OpenLog(copy, disk, file)));
        captures.Add(capture);
        open.Offer(ExportNames.For(machineName, ExportKind.Failover, disk.Name), capture);
        return Task.CompletedTask;
    });

    private Task<OpenCopy> OpenInPlaceAsync(SiteCopy copy, string? overlayFolder, Func<FailoverDisk, string> exportName, CancellationToken cancellationToken) =>
        OpenAsync(copy, async (open, disk) =>
        {
            IBlockDevice device = open.Own(await vault.OpenAsync(disk.DiskId, BaseOf(copy, disk), cancellationToken));
            if (overlayFolder is not null)
            {
                Directory.CreateDirectory(overlayFolder);
                string overlay = RecoveryFolders.OverlayFile(overlayFolder, disk.DiskId);
                device = open.Own(await OverlayBlockDevice.OpenAsync(device, overlay, copy.Copy.RecoveryPointId.ToString(), cancellationToken));
            }
            open.Offer(exportName(disk), device);
        });

    private static ActivityLog OpenLog(SiteCopy copy, FailoverDisk disk, FileBlockDevice file)
    {
        ActivityLog log = ActivityLog.Open(CopyFiles.ActivityPath(disk), disk.DiskId, disk.SizeBytes, source: file);
        // Only before the copy's first use is a new log one that knows everything. Later it means that the old one is gone: without a position it
        // vouches for nothing, and reprotect compares the disk in full.
        if (log.OpenedAs == ActivityLogState.New && copy.Copy.StartedAt == default)
        {
            log.SetPosition(BaseOf(copy, disk));
        }
        return log;
    }

    private static StreamPosition BaseOf(SiteCopy copy, FailoverDisk disk) => copy.Bases.First(known => known.DiskId == disk.DiskId).Position;

    private async Task<OpenCopy> OpenAsync(SiteCopy copy, Func<OpenCopy, FailoverDisk, Task> openDisk)
    {
        OpenCopy open = new(copy, exports);
        try
        {
            foreach (FailoverDisk disk in copy.Copy.Disks)
            {
                await openDisk(open, disk);
            }
            return open;
        }
        catch
        {
            await open.DisposeAsync();
            throw;
        }
    }
}
