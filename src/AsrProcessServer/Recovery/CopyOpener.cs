using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Vault;

namespace Asr.ProcessServer.Recovery;

/// <summary>Opens the disks of a copy and serves them. On failure nothing stays open.</summary>
public sealed class CopyOpener(IVault vault, IExportHost exports, RecoveryFolders folders)
{
    /// <summary>A drill: each disk is read from the vault in place, what is written stays in an overlay of its own.</summary>
    public Task<OpenCopy> OpenTestFailoverAsync(string machineName, SiteCopy copy, CancellationToken cancellationToken) => OpenAsync(copy, async (open, disk) =>
    {
        Directory.CreateDirectory(folders.OverlayFolder(copy.JobId));
        StreamPosition position = copy.Bases.First(known => known.DiskId == disk.DiskId).Position;
        IBlockDevice replica = open.Own(await vault.OpenAsync(disk.DiskId, position, cancellationToken));
        string overlay = folders.OverlayFile(copy.JobId, disk.DiskId);
        IBlockDevice device = open.Own(await OverlayBlockDevice.OpenAsync(replica, overlay, copy.Copy.RecoveryPointId.ToString(), cancellationToken));
        await open.ServeAsync(ExportNames.For(machineName, ExportKind.TestFailover, disk.Name), device, cancellationToken);
    });

    /// <summary>A failed-over machine: each disk is the file that was written for it.</summary>
    public Task<OpenCopy> OpenFailoverAsync(string machineName, SiteCopy copy, CancellationToken cancellationToken) => OpenAsync(copy, async (open, disk) =>
    {
        IBlockDevice device = open.Own(FileBlockDevice.Open(disk.Path!, isReadOnly: false));
        await open.ServeAsync(ExportNames.For(machineName, ExportKind.Failover, disk.Name), device, cancellationToken);
    });

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
