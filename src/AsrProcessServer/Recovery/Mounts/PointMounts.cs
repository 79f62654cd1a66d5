using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.ProcessServer.Jobs;
using Asr.ProcessServer.Machines;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Recovery.Mounts;

/// <summary>
/// <see cref="IPointMounts"/> in memory: a mount holds nothing that is worth more than the process, so it ends with it, in order or not. What a
/// killed process has left behind is swept at the next start.
/// </summary>
public sealed class PointMounts(
    IMachineService machines, IRecoveryPointLog points, PointsInTime pointsInTime, CopyOpener opener, IExportHost exports, PointsInUse inUse, RecoveryFolders folders, TimeProvider time,
    ILogger<PointMounts> logger) : IPointMounts, IAsyncDisposable
{
    /// <summary>Mounts at a time: each keeps a disk's index and caches in memory.</summary>
    public const int MountsMax = 64;

    private readonly ConcurrentDictionary<Guid, PointMount> _mounts = new();

    /// <inheritdoc />
    public IReadOnlyList<AsrRecoveryPointMount> List() =>
        _mounts.Values.Select(mount => mount.Shown).OfType<AsrRecoveryPointMount>().OrderBy(mount => mount.MountedAt).ToArray();

    /// <inheritdoc />
    public async Task<AsrRecoveryPointMount> MountAsync(MountRequest request, string requestedBy, CancellationToken cancellationToken)
    {
        if (_mounts.Count >= MountsMax && !_mounts.ContainsKey(request.RequestId))
        {
            throw new AsrException(AsrErrorCode.InUse, $"{MountsMax} recovery points are mounted already.", "Dismount one first.");
        }
        PointMount mount = _mounts.GetOrAdd(request.RequestId, id => new PointMount(id, opener, exports, folders, time));
        try
        {
            return await mount.OpenAsync(() => FindAsync(request, cancellationToken), request, requestedBy, cancellationToken);
        }
        catch
        {
            await EndAsync(mount, evenInUse: true);
            throw;
        }
    }

    /// <inheritdoc />
    public async Task DismountAsync(Guid mountId, CancellationToken cancellationToken)
    {
        if (_mounts.TryGetValue(mountId, out PointMount? mount))
        {
            await EndAsync(mount, evenInUse: false);
        }
    }

    /// <inheritdoc />
    public async Task DismountAllAsync(Guid machineId)
    {
        foreach (PointMount mount in _mounts.Values.Where(mount => mount.Shown?.MachineId == machineId))
        {
            await EndAsync(mount, evenInUse: true);
        }
    }

    /// <summary>Ends the mounts whose time is over. One that cannot be ended is logged and tried again.</summary>
    public async Task ExpireAsync()
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (PointMount mount in _mounts.Values.Where(mount => mount.Shown?.ExpiresAt <= now))
        {
            try
            {
                await EndAsync(mount, evenInUse: true);
                JobsLog.MountExpired(logger, mount.Id);
            }
            catch (Exception error)
            {
                JobsLog.DismountFailed(logger, mount.Id, error);
            }
        }
    }

    /// <summary>Removes what a killed process has left: file systems it had mounted, and overlays. Nothing is mounted yet.</summary>
    public async Task SweepAsync()
    {
        if (!Directory.Exists(folders.Mounts))
        {
            return;
        }
        foreach (string folder in Directory.EnumerateDirectories(folders.Mounts))
        {
            try
            {
                await HostAttachment.SweepAsync(folder);
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or AsrException)
            {
                JobsLog.SweepFailed(logger, folder, error);
            }
        }
    }

    /// <summary>Ends every mount.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (PointMount mount in _mounts.Values)
        {
            try
            {
                await EndAsync(mount, evenInUse: true);
            }
            catch (Exception error)
            {
                JobsLog.DismountFailed(logger, mount.Id, error);
            }
        }
    }

    private async Task EndAsync(PointMount mount, bool evenInUse)
    {
        await mount.CloseAsync(evenInUse);
        _mounts.TryRemove(mount.Id, out _);
    }

    private async Task<(AsrReplicatedMachine Machine, AsrRecoveryPoint Point, IDisposable Hold)> FindAsync(MountRequest request, CancellationToken cancellationToken)
    {
        AsrReplicatedMachine machine = await machines.GetAsync(request.MachineId, cancellationToken);
        Guid? wanted = request.PointInTime is { } at
            ? (await pointsInTime.PublishAsync(machine, at, cancellationToken)).Id
            : request.RecoveryPointId ?? (await points.ListAsync(machine.Id, 1, cancellationToken)).FirstOrDefault()?.Id;
        IDisposable hold = inUse.Hold(machine.Id, wanted ?? Guid.Empty);
        AsrRecoveryPoint? point = wanted is { } id ? await points.FindAsync(machine.Id, id, cancellationToken) : null;
        if (point is not null)
        {
            return (machine, point, hold);
        }
        hold.Dispose();
        throw new AsrException(
            AsrErrorCode.NotFound, $"Machine '{machine.Name}' has no {(wanted is null ? "recovery point" : $"recovery point {wanted}")}.",
            "List the machine's recovery points; it may have expired.", wanted?.ToString() ?? machine.Name);
    }
}
