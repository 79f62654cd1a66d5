using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.Engine.Tests.Vault;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;

namespace Asr.Engine.Tests.Workloads;

/// <summary>
/// The calls that a workload makes on a vault. Each is written into the ledger before it begins and again when it has been answered, so that at any
/// moment it is known what the vault has promised. Calls on different disks may run side by side.
/// </summary>
internal sealed class VaultScript(IFileLayer files, LedgerLog log, ScriptOptions options) : IAsyncDisposable
{
    private const int AttemptsMax = 200;

    // As much as there is to do, in small packs.
    private static readonly CompactionOptions Eager = new()
    {
        BytesPerSecondMax = long.MaxValue / 4,
        DeadShareMin = 0,
        DeadShareLeft = 0,
        PackBytes = 40_000,
        SmallBytes = 20_000,
        SmallObjectsMin = 3,
    };

    private readonly ConcurrentDictionary<Guid, IReplicaWriter> _writers = new();
    private readonly ConcurrentDictionary<Guid, Guid> _nonces = new();
    private SealedVault? _vault;
    private int _pointCount;

    /// <summary>Told of each error of a call; true to make the call again.</summary>
    public Func<AsrException, Task<bool>>? OnTrouble { get; init; }

    public Ledger Ledger => log.Current;

    private SealedVault Vault => _vault ?? throw new InvalidOperationException("The script has not opened the vault.");

    private RecoveryPointLog Points => new(Vault.Catalog);

    public Task OpenAsync() => CallAsync(async () => _vault = await TestVault.OpenAsync(files, options));

    /// <summary>The process ends in order and another one opens the vault.</summary>
    public async Task RestartAsync()
    {
        await DisposeAsync();
        await OpenAsync();
    }

    /// <summary>Begins a session of a disk, at the head or at <paramref name="origin"/>.</summary>
    public async Task TakeOverAsync(Guid diskId, long sizeBytes, StreamPosition? origin = null, bool repeatsRequest = false)
    {
        await EndAsync(diskId);
        if (!repeatsRequest)
        {
            _nonces[diskId] = Guid.NewGuid();
        }

        OpenSessionRequest request = new() { Nonce = _nonces[diskId], MachineId = Ledger.MachineId, SizeBytes = sizeBytes, Base = origin };
        await CallAsync(async () =>
        {
            log.Add(ledger => ledger.WithDisk(diskId, disk => disk with
            {
                SizeBytes = sizeBytes,
                IsGone = false,
                TakingOver = [.. disk.TakingOver, origin],
            }));
            IReplicaWriter writer = await Vault.TakeOverAsync(diskId, request, CancellationToken.None);
            _writers[diskId] = writer;
            Check(diskId, writer.Session, origin);
            log.Add(ledger => ledger.WithDisk(diskId, disk => disk.With(new EpochLedger(writer.Session.Epoch, writer.Session.Parent, sizeBytes, [])) with
            {
                Floor = writer.Session.Parent,
                Received = writer.Session.Parent,
                TakingOver = [],
            }));
        });
    }

    /// <summary>Ships changes.</summary>
    public async Task AppendAsync(Guid diskId, params ScriptChange[] changes)
    {
        IReplicaWriter writer = _writers[diskId];
        int epoch = writer.Session.Epoch;
        long first = 0;
        log.Add(ledger => ledger.WithDisk(diskId, disk =>
        {
            EpochLedger sent = disk.Find(epoch)!;
            first = sent.LastSent + 1;
            return disk.With(sent with { Changes = [.. sent.Changes, .. changes] });
        }));
        await CallAsync(async () =>
        {
            await writer.AppendAsync(ScriptChange.ToBatch(diskId, epoch, first, changes), CancellationToken.None);
            Vouch(diskId, writer);
        });
    }

    /// <summary>Ends when everything that was shipped is in the vault itself.</summary>
    public async Task WaitForVaultAsync(Guid diskId)
    {
        IReplicaWriter writer = _writers[diskId];
        await CallAsync(() => writer.WaitForVaultAsync(writer.ReceivedSequence, CancellationToken.None));
        Vouch(diskId, writer);
    }

    /// <summary>Ends a session in order; a disk without one is no error.</summary>
    public async Task EndAsync(Guid diskId)
    {
        if (_writers.TryRemove(diskId, out IReplicaWriter? writer))
        {
            await writer.DisposeAsync();
        }
    }

    /// <summary>Publishes a point of what the vault has vouched for of these disks.</summary>
    public async Task<AsrRecoveryPoint> PublishAsync(params Guid[] diskIds)
    {
        AsrRecoveryPoint point = new()
        {
            Id = Guid.NewGuid(),
            MachineId = Ledger.MachineId,
            Time = DateTimeOffset.UnixEpoch.AddSeconds(Interlocked.Increment(ref _pointCount)),
            Disks = [.. diskIds.Select(id => new RecoveryPointDisk { DiskId = id, Epoch = _writers[id].Session.Epoch, Sequence = _writers[id].VaultSequence })],
        };
        await CallAsync(async () =>
        {
            log.Add(ledger => ledger.WithPoint(point, PointState.Publishing));
            await Points.PublishAsync(point, CancellationToken.None);
            log.Add(ledger => ledger.WithPoint(point, PointState.Published));
        });
        return point;
    }

    /// <summary>Removes the points before this one.</summary>
    public Task ExpireAsync(AsrRecoveryPoint before)
    {
        AsrRecoveryPoint[] expiring = [.. Ledger.Points.Values.Where(point => point.State < PointState.Deleted && point.Point.Time < before.Time).Select(point => point.Point)];

        // Points are whole seconds apart, and their age is counted to the newest one.
        TimeSpan reach = Ledger.Points.Values.Where(point => point.State < PointState.Deleted).Max(point => point.Point.Time) - before.Time + TimeSpan.FromSeconds(1);
        return RemoveAsync(expiring, () => Points.ThinAsync(Ledger.MachineId, RetentionTier.EveryPoint(reach), [], CancellationToken.None));
    }

    /// <summary>Removes every point.</summary>
    public Task DeletePointsAsync()
    {
        AsrRecoveryPoint[] all = [.. Ledger.Points.Values.Where(point => point.State < PointState.Deleted).Select(point => point.Point)];
        return RemoveAsync(all, () => Points.DeleteAllAsync(Ledger.MachineId, CancellationToken.None));
    }

    /// <summary>Creates, replaces or (null) deletes a document by compare and swap.</summary>
    public Task SwapAsync(string collection, string id, string? content) => CallAsync(async () =>
    {
        string name = $"{collection}/{id}";
        log.Add(ledger => ledger.WithDocument(name, document => document with { Pending = document.Pending.Add(content) }));
        CatalogDocument? current = await Vault.Catalog.ReadAsync(collection, id, CancellationToken.None);
        if (content is not null)
        {
            await Vault.Catalog.WriteAsync(collection, id, Encoding.UTF8.GetBytes(content), current?.ETag, CancellationToken.None);
        }
        else if (current is not null)
        {
            await Vault.Catalog.DeleteAsync(collection, id, current.ETag, CancellationToken.None);
        }

        log.Add(ledger => ledger.WithDocument(name, _ => new DocumentLedger(content, [])));
    });

    /// <summary>Removes a disk whose points have been removed.</summary>
    public async Task DeleteDiskAsync(Guid diskId)
    {
        await EndAsync(diskId);
        await CallAsync(async () =>
        {
            log.Add(ledger => ledger.WithDisk(diskId, disk => disk with { IsDeleting = true }));
            await Vault.DeleteDiskAsync(diskId, CancellationToken.None);
            log.Add(ledger => ledger.WithDisk(diskId, disk => disk with { IsDeleting = false, IsGone = true, Floor = default, Received = default }));
        });
    }

    /// <summary>Reclaims what no point needs; positions between points are readable from the newest point on.</summary>
    public Task CompactAsync(Guid diskId) => CallAsync(async () =>
    {
        StreamPosition[] kept =
        [
            .. Ledger.Points.Values.Where(static point => point.State < PointState.Deleted).OrderBy(static point => point.Point.Time)
                .SelectMany(point => point.Point.Disks).Where(disk => disk.DiskId == diskId).Select(static disk => new StreamPosition(disk.Epoch, disk.Sequence)),
        ];
        log.Add(ledger => ledger.WithDisk(diskId, static disk => disk with { IsThinned = true }));
        await Vault.CompactAsync(diskId, new KeptHistory { Points = kept, ContinuousFrom = kept.Length == 0 ? null : kept[^1] }, Eager, CancellationToken.None);
    });

    /// <summary>A call after which everything reads as before: scrubbing, flushing.</summary>
    public Task DoAsync(Func<SealedVault, Task> call) => CallAsync(() => call(Vault));

    /// <summary>The process ends in order.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (Guid diskId in _writers.Keys)
        {
            await EndAsync(diskId);
        }

        if (_vault is not null)
        {
            await _vault.DisposeAsync();
            _vault = null;
        }
    }

    private async Task CallAsync(Func<Task> call)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await call();
                return;
            }
            catch (AsrException error) when (OnTrouble is not null && attempt < AttemptsMax)
            {
                if (!await OnTrouble(error))
                {
                    throw;
                }
            }
        }
    }

    private void Vouch(Guid diskId, IReplicaWriter writer) => log.Add(ledger => ledger.WithDisk(diskId, disk => disk with
    {
        Floor = new StreamPosition(writer.Session.Epoch, writer.VaultSequence),
        Received = new StreamPosition(writer.Session.Epoch, writer.ReceivedSequence),
    }));

    private void Check(Guid diskId, ReplicationSession session, StreamPosition? origin)
    {
        DiskLedger disk = Ledger.Disk(diskId);
        bool isRight = session.NextSequence == session.Parent.Sequence + 1
            && disk.Epochs.All(epoch => epoch.Number < session.Epoch)
            && (origin is null ? disk.Contains(session.Parent, disk.Received) && disk.WasSent(session.Parent) : session.Parent == origin);
        if (!isRight)
        {
            throw new InvalidOperationException($"Session {session} of disk {diskId} does not follow from{Environment.NewLine}{Ledger}");
        }
    }

    private Task RemoveAsync(AsrRecoveryPoint[] points, Func<Task> remove) => CallAsync(async () =>
    {
        log.Add(ledger => points.Aggregate(ledger, (all, point) => all.WithPoint(point, PointState.Deleting)));
        await remove();
        log.Add(ledger => points.Aggregate(ledger, (all, point) => all.WithPoint(point, PointState.Deleted)));
    });
}
