using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Points;
using Asr.Engine.Vault;

namespace Asr.Engine.Ingest;

/// <summary>
/// Disks at recovery points and other positions, opened when first read and kept for the reads that follow: bringing a disk back is thousands of reads of
/// one point. The least recently used ones are closed. Safe for concurrent callers.
/// </summary>
internal sealed class PointImages(IVault vault, IRecoveryPointLog points) : IAsyncDisposable
{
    private const int OpenMax = 8;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly List<Entry> _open = [];

    /// <summary>Runs <paramref name="read"/> on the disk as it was at the point.</summary>
    public Task<T> UseAsync<T>(Guid diskId, Guid pointId, Func<IBlockDevice, Task<T>> read, CancellationToken cancellationToken) =>
        UseAsync(new Place(diskId, pointId, null), read, cancellationToken);

    /// <summary>Runs <paramref name="read"/> on the disk as it was at a position, which is durable in the vault.</summary>
    public Task<T> UseAsync<T>(Guid diskId, StreamPosition position, Func<IBlockDevice, Task<T>> read, CancellationToken cancellationToken) =>
        UseAsync(new Place(diskId, null, position), read, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (Entry entry in _open)
        {
            await entry.Image.DisposeAsync().ConfigureAwait(false);
        }

        _open.Clear();
        _gate.Dispose();
    }

    private async Task<T> UseAsync<T>(Place place, Func<IBlockDevice, Task<T>> read, CancellationToken cancellationToken)
    {
        Entry entry = await AcquireAsync(place, cancellationToken).ConfigureAwait(false);
        try
        {
            return await read(entry.Image).ConfigureAwait(false);
        }
        finally
        {
            await ReleaseAsync(entry).ConfigureAwait(false);
        }
    }

    private async Task<Entry> AcquireAsync(Place place, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Entry? entry = _open.Find(open => open.Place == place);
            if (entry is null)
            {
                IBlockDevice image = place.Position is { } position
                    ? await vault.OpenAsync(place.DiskId, position, cancellationToken).ConfigureAwait(false)
                    : await OpenAsync(place.DiskId, place.PointId!.Value, cancellationToken).ConfigureAwait(false);
                entry = new Entry(place, image);
            }
            else
            {
                _open.Remove(entry);
            }

            entry.Users++;
            _open.Add(entry);
            return entry;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task ReleaseAsync(Entry entry)
    {
        await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            entry.Users--;
            while (_open.Count > OpenMax && _open.Find(static open => open.Users == 0) is { } oldest)
            {
                _open.Remove(oldest);
                await oldest.Image.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<IBlockDevice> OpenAsync(Guid diskId, Guid pointId, CancellationToken cancellationToken)
    {
        Guid machineId = await vault.FindMachineAsync(diskId, cancellationToken).ConfigureAwait(false)
            ?? throw new AsrException(AsrErrorCode.NotFound, $"The vault holds no disk {diskId}.", target: diskId.ToString());
        AsrRecoveryPoint? point = await points.FindAsync(machineId, pointId, cancellationToken).ConfigureAwait(false);
        if (point is not null)
        {
            foreach (RecoveryPointDisk disk in point.Disks)
            {
                if (disk.DiskId == diskId)
                {
                    return await vault.OpenAsync(diskId, new StreamPosition(disk.Epoch, disk.Sequence), cancellationToken).ConfigureAwait(false);
                }
            }
        }

        throw new AsrException(
            AsrErrorCode.RecoveryPointUnavailable,
            $"There is no recovery point {pointId} with disk {diskId}.",
            "Choose another recovery point.",
            pointId.ToString());
    }

    /// <summary>A disk at a point, or else at a position.</summary>
    private readonly record struct Place(Guid DiskId, Guid? PointId, StreamPosition? Position);

    private sealed class Entry(Place place, IBlockDevice image)
    {
        public Place Place { get; } = place;

        public IBlockDevice Image { get; } = image;

        public int Users { get; set; }
    }
}
