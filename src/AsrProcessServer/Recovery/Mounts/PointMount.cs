using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.ProcessServer.Recovery.Mounts;

/// <summary>One mount: the open disks, their exports, and what is attached of them. Opening and closing are done by one caller at a time.</summary>
internal sealed class PointMount(Guid id, CopyOpener opener, IExportHost exports, RecoveryFolders folders, TimeProvider time)
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private OpenCopy? _open;
    private HostAttachment? _attachment;
    private IDisposable? _hold;
    private bool _hasEnded;

    /// <summary>The request's id.</summary>
    public Guid Id => id;

    /// <summary>The mount as shown once it is whole, else null.</summary>
    public AsrRecoveryPointMount? Shown { get; private set; }

    /// <summary>Opens it, unless it is open. After a failure the caller closes it.</summary>
    public async Task<AsrRecoveryPointMount> OpenAsync(
        Func<Task<(AsrReplicatedMachine Machine, AsrRecoveryPoint Point, IDisposable Hold)>> find, MountRequest request, string requestedBy, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (Shown is { } shown)
            {
                return shown;
            }
            if (_hasEnded)
            {
                throw new AsrException(AsrErrorCode.Conflict, $"Mount {id} was ended while it was asked for again.", "Ask for a new one.", id.ToString());
            }
            (AsrReplicatedMachine machine, AsrRecoveryPoint point, _hold) = await find();
            SiteCopy copy = SiteCopy.Of(id, point, request.DiskIds);
            _open = await opener.OpenMountAsync(machine.Name, copy, request.IsReadOnly, cancellationToken);
            await _open.ServeAsync(cancellationToken);
            DateTimeOffset now = time.GetUtcNow();
            AsrRecoveryPointMount mount = new()
            {
                Id = id,
                MachineId = machine.Id,
                MachineName = machine.Name,
                RecoveryPointId = point.Id,
                RecoveryPointTime = point.Time,
                IsReadOnly = request.IsReadOnly,
                MountedAt = now,
                ExpiresAt = now.AddSeconds(request.LifetimeSeconds),
                Folder = request.Folder,
                RequestedBy = requestedBy,
                Disks = copy.Copy.Disks.Select(disk => Describe(machine.Name, disk, request.IsReadOnly)).ToArray(),
            };
            if (request.Folder is { } folder)
            {
                _attachment = new HostAttachment(folders.MountFolder(id), folder);
                mount = mount with { Disks = await _attachment.AttachAsync(mount.Disks, request.IsReadOnly, request.IsFolderWritable, cancellationToken) };
            }
            Shown = mount;
            return mount;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Takes everything down and removes its files. It may be repeated, and does nothing once that is done.</summary>
    /// <param name="evenInUse">Do so although someone uses its file systems, which then fail; else <see cref="AsrErrorCode.InUse"/> and it stays.</param>
    public async Task CloseAsync(bool evenInUse)
    {
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            if (_attachment is not null)
            {
                await _attachment.DetachAsync(evenInUse);
                _attachment = null;
            }
            if (_open is not null)
            {
                await _open.DisposeAsync();
                _open = null;
            }
            if (Directory.Exists(folders.MountFolder(id)))
            {
                Directory.Delete(folders.MountFolder(id), recursive: true);
            }
            _hold?.Dispose();
            _hold = null;
            Shown = null;
            _hasEnded = true;
        }
        finally
        {
            _turn.Release();
        }
    }

    private AsrMountedDisk Describe(string machineName, FailoverDisk disk, bool isReadOnly) => new()
    {
        DiskId = disk.DiskId,
        Name = disk.Name,
        SizeBytes = disk.SizeBytes,
        ExportUri = exports.FindUri(ExportNames.ForMount(machineName, id, disk.Name)) ?? "",
        OverlayPath = isReadOnly ? null : RecoveryFolders.OverlayFile(folders.MountFolder(id), disk.DiskId),
    };
}
