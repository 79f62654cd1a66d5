using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.Engine.Shipping;
using Asr.Engine.Vault;

namespace Asr.Engine.Ingest;

/// <summary>
/// The receiving end of replication: verifies, orders and stores the batches of every disk, publishes points, answers questions about the
/// replica. One per opened vault. Safe for concurrent callers.
/// </summary>
public sealed class VaultReplication : IReplicationSink, IReplicaSource, IAsyncDisposable
{
    private readonly IVault _vault;
    private readonly IRecoveryPointLog _points;
    private readonly TimeProvider _time;
    private readonly Func<AsrRecoveryPoint, CancellationToken, Task>? _published;
    private readonly Func<Guid, CancellationToken, Task<TimeSpan>>? _immutableFor;
    private readonly Func<Guid, StoredObjectException, CancellationToken, Task>? _damaged;
    private readonly Func<AsrRecoveryPoint, CancellationToken, Task<AsrRecoveryPoint>>? _agree;
    private readonly PointImages _images;
    private readonly ConcurrentDictionary<Guid, SemaphoreSlim> _openings = new();
    private readonly ConcurrentDictionary<Guid, DiskIngest> _disks = new();
    private readonly ConcurrentDictionary<Guid, SegmentName> _damageTold = new();

    /// <summary>Receives for a vault, which stays the caller's.</summary>
    /// <param name="vault">The vault.</param>
    /// <param name="points">Where points are published.</param>
    /// <param name="time">The appliance's clock.</param>
    /// <param name="published">Told of every point after it was stored, before its sender is answered; may be told twice of one.</param>
    /// <param name="immutableFor">Gives how long a machine's new points are immutable; null for not at all.</param>
    /// <param name="damaged">Told of a machine with a disk of which a part cannot be told any more, when its session is opened; once for the same damage.</param>
    /// <param name="agree">
    /// Asked about a point of several machines once every change up to it is durable: ends with the point as it is to be stored when that is so of all of them, and throws when it is not to be.
    /// </param>
    public VaultReplication(
        IVault vault,
        IRecoveryPointLog points,
        TimeProvider time,
        Func<AsrRecoveryPoint, CancellationToken, Task>? published = null,
        Func<Guid, CancellationToken, Task<TimeSpan>>? immutableFor = null,
        Func<Guid, StoredObjectException, CancellationToken, Task>? damaged = null,
        Func<AsrRecoveryPoint, CancellationToken, Task<AsrRecoveryPoint>>? agree = null)
    {
        _agree = agree;
        _damaged = damaged;
        _vault = vault;
        _points = points;
        _time = time;
        _published = published;
        _immutableFor = immutableFor;
        _images = new PointImages(vault, points);
    }

    /// <inheritdoc/>
    public async Task<ReplicationSession> OpenSessionAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken)
    {
        SemaphoreSlim opening = _openings.GetOrAdd(diskId, static _ => new SemaphoreSlim(1, 1));
        await opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_disks.TryGetValue(diskId, out DiskIngest? current) && current.Nonce == request.Nonce && !current.IsLost)
            {
                return current.Session;
            }

            // The new writer first: a request that is refused leaves the present session as it is.
            IReplicaWriter writer = await _vault.TakeOverAsync(diskId, request, cancellationToken).ConfigureAwait(false);
            _disks[diskId] = new DiskIngest(diskId, request, writer, _time);
            if (current is not null)
            {
                await current.DisposeAsync().ConfigureAwait(false);
            }

            await TellDamageAsync(diskId, request.MachineId, writer.Damage, cancellationToken).ConfigureAwait(false);
            return writer.Session;
        }
        finally
        {
            opening.Release();
        }
    }

    /// <inheritdoc/>
    public Task<ShipReceipt> ShipAsync(Guid diskId, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken) =>
        Find(diskId).ShipAsync(batch, cancellationToken);

    /// <inheritdoc/>
    public Task<ShipReceipt> GetProgressAsync(Guid diskId, int epoch, CancellationToken cancellationToken)
    {
        DiskIngest disk = Find(diskId);
        disk.CheckEpoch(epoch);
        return Task.FromResult(disk.Receipt);
    }

    /// <inheritdoc/>
    public async Task<AsrRecoveryPoint> PublishPointAsync(AsrRecoveryPoint point, CancellationToken cancellationToken)
    {
        Check(point);
        AsrRecoveryPoint? earlier = await _points.FindAsync(point.MachineId, point.Id, cancellationToken).ConfigureAwait(false);
        if (earlier is not null)
        {
            // Told again: whoever stored it may have died between storing and telling, and this repetition is all that comes of it.
            return await TellAsync(earlier, cancellationToken).ConfigureAwait(false);
        }

        foreach (RecoveryPointDisk position in point.Disks)
        {
            DiskIngest disk = Find(position.DiskId);
            disk.CheckEpoch(position.Epoch);
            await disk.WaitForVaultAsync(position.Sequence, cancellationToken).ConfigureAwait(false);
        }

        // While one disk was waited for, another may have been taken over.
        foreach (RecoveryPointDisk position in point.Disks)
        {
            Find(position.DiskId).CheckEpoch(position.Epoch);
        }

        IntervalMeter[] meters = [.. point.Disks.Select(position => Find(position.DiskId).Meter)];
        DiskFigures[] figures = [.. meters.Select(static meter => meter.Read())];
        TimeSpan window = _immutableFor is null ? TimeSpan.Zero : await _immutableFor(point.MachineId, cancellationToken).ConfigureAwait(false);
        DateTimeOffset now = _time.GetUtcNow();

        // How long a point stays is for the vault's side to say: a sender may have been taken over by someone.
        AsrRecoveryPoint published = point with
        {
            PublishedAt = now,
            ImmutableUntil = window > TimeSpan.Zero ? now + window : null,
            Pinned = false,
            Name = null,
            Interval = IntervalMeter.Sum(figures),
            Anomaly = null,
            Verification = null,
            IsLastBeforeAnomaly = false,
        };
        if (published.MultiMachine is not null)
        {
            published = _agree is null
                ? throw new AsrException(AsrErrorCode.ConsistencyRoundFailed, $"Recovery point {point.Id} is of several machines, and nothing here leads them.", target: point.Id.ToString())
                : await _agree(published, cancellationToken).ConfigureAwait(false);
        }

        AsrRecoveryPoint stored = await _points.PublishAsync(published, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < meters.Length; i++)
        {
            meters[i].Settle(figures[i], point.Time);
        }

        return await TellAsync(stored, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<byte[]> GetDigestsAsync(Guid diskId, DigestRequest request, CancellationToken cancellationToken) => request switch
    {
        { RecoveryPointId: not null, Position: not null } => throw new AsrException(AsrErrorCode.InvalidArgument, "Hashes of a recovery point and of a position were asked for.", "Ask for one of them."),
        { RecoveryPointId: { } pointId } => _images.UseAsync(diskId, pointId, image => RegionDigests.ComputeAsync(image, request, DamageInHashes.IsAnError, cancellationToken), cancellationToken),
        { Position: { } position } => GetDigestsAsync(diskId, position, request, cancellationToken),
        _ => Find(diskId).GetDigestsAsync(request, cancellationToken),
    };

    /// <inheritdoc/>
    public Task ReadPointAsync(Guid diskId, Guid recoveryPointId, long offset, Memory<byte> buffer, CancellationToken cancellationToken) => _images.UseAsync(
        diskId,
        recoveryPointId,
        async image =>
        {
            if (offset < 0 || offset > image.Length - buffer.Length)
            {
                throw new AsrException(AsrErrorCode.InvalidArgument, $"The range {offset}+{buffer.Length} is not inside the {image.Length} bytes of disk {diskId}.");
            }

            await image.ReadAsync(offset, buffer, cancellationToken).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    /// <summary>Ends a disk's session, e.g. when its replication is disabled. Its sender is told that the session is lost.</summary>
    public async Task CloseSessionAsync(Guid diskId, CancellationToken cancellationToken)
    {
        SemaphoreSlim opening = _openings.GetOrAdd(diskId, static _ => new SemaphoreSlim(1, 1));
        await opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_disks.TryRemove(diskId, out DiskIngest? disk))
            {
                await disk.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            opening.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (Guid diskId in _disks.Keys)
        {
            await CloseSessionAsync(diskId, CancellationToken.None).ConfigureAwait(false);
        }

        await _images.DisposeAsync().ConfigureAwait(false);
    }

    // A place of the stream is read as a recovery reads it: from the vault.
    private async Task<byte[]> GetDigestsAsync(Guid diskId, StreamPosition position, DigestRequest request, CancellationToken cancellationToken)
    {
        DiskIngest disk = Find(diskId);
        disk.CheckEpoch(position.Epoch);
        await disk.WaitForVaultAsync(position.Sequence, cancellationToken).ConfigureAwait(false);
        return await _images.UseAsync(
            diskId, position, image => RegionDigests.ComputeAsync(image, request, DamageInHashes.IsAnError, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private async Task<AsrRecoveryPoint> TellAsync(AsrRecoveryPoint stored, CancellationToken cancellationToken)
    {
        if (_published is not null)
        {
            await _published(stored, cancellationToken).ConfigureAwait(false);
        }

        return stored;
    }

    private async Task TellDamageAsync(Guid diskId, Guid machineId, StoredObjectException? damage, CancellationToken cancellationToken)
    {
        if (damage is null)
        {
            _damageTold.TryRemove(diskId, out _);
        }
        else if (_damaged is not null && (!_damageTold.TryGetValue(diskId, out SegmentName told) || told != damage.Object))
        {
            await _damaged(machineId, damage, cancellationToken).ConfigureAwait(false);
            _damageTold[diskId] = damage.Object;
        }
    }

    private static void Check(AsrRecoveryPoint point)
    {
        if (point.Id == Guid.Empty
            || point.MachineId == Guid.Empty
            || point.Disks.Count == 0
            || point.Disks.Any(static disk => disk.Sequence < 0 || disk.Epoch < 1)
            || point.Disks.DistinctBy(static disk => disk.DiskId).Count() != point.Disks.Count)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"Recovery point {point.Id} names no machine, no disks, or one disk twice.", target: point.Id.ToString());
        }
    }

    private DiskIngest Find(Guid diskId) => _disks.TryGetValue(diskId, out DiskIngest? disk) ? disk : throw DiskIngest.Lost(diskId, "has no session here");
}
