using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Points;
using Asr.Engine.Pacing;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Compaction;
using Asr.Engine.Vault.Replica;
using Asr.Engine.Vault.Scrub;

namespace Asr.Engine.Vault;

/// <summary>
/// <see cref="IVault"/> over a catalog and a segment store, whatever they are: a directory or blob storage. Everything about keys, epochs
/// and positions is here.
/// </summary>
internal sealed class SealedVault : IVault
{
    private const int SwapAttemptsMax = 16;

    private readonly ISegmentStore _segments;
    private readonly DiskDocuments _disks;
    private readonly TimeProvider _time;
    private readonly DiskHistories _histories;
    private readonly ReaderLeases _leases;
    private readonly ReplicaCaches _caches;
    private readonly KeyRing _keys;
    private readonly ObjectFacts _facts = new();
    private readonly SealedVaultOptions _options;

    /// <summary>Puts a vault together; it owns the segment store.</summary>
    public SealedVault(ICatalog catalog, ISegmentStore segments, ISecretBox secrets, AsrVault description, TimeProvider time, SealedVaultOptions options)
    {
        _options = options;
        _keys = new KeyRing(secrets);
        _caches = new ReplicaCaches(options.CacheBytes);
        _histories = new DiskHistories(catalog);
        _leases = new ReaderLeases(catalog, time);
        Catalog = catalog;
        Secrets = secrets;
        Description = description;
        _segments = segments;
        _disks = new DiskDocuments(catalog);
        _time = time;
    }

    /// <inheritdoc/>
    public AsrVault Description { get; }

    /// <inheritdoc/>
    public ICatalog Catalog { get; }

    /// <inheritdoc/>
    public ISecretBox Secrets { get; }

    /// <inheritdoc/>
    public long SpoolBytes => (_segments as SpoolingSegmentStore)?.PendingBytes ?? 0;

    /// <inheritdoc/>
    /// <remarks>
    /// Two swaps of the disk's document, no lock. The first adds the new epoch, still without a parent: from then on every earlier writer is
    /// fenced. Only then is it looked up how far the last writer came, and the second swap records that as its end and as the new parent.
    /// <para>
    /// A writer stores a segment first and then checks that it is not fenced; only then does it vouch for the changes. So for each of its
    /// segments, either the check came before the first swap: then the segment was stored before it too, the look-up finds it, and it is
    /// part of the new epoch's past. Or the check came after: then the writer learns that it is fenced and has vouched for nothing; the
    /// segment is part of the past if the look-up found it and lies beyond the recorded end, in no one's past, if not. No vouched change
    /// is lost and no change comes in later, whatever the clocks and however long a put takes.
    /// </para>
    /// </remarks>
    public async Task<IReplicaWriter> TakeOverAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken)
    {
        CheckRequest(diskId, request);

        // What this machine's spool still holds of an earlier session comes first, so that it is part of the head.
        await _segments.DrainAsync(diskId, cancellationToken).ConfigureAwait(false);
        for (int attempt = 0; attempt < SwapAttemptsMax; attempt++)
        {
            (DiskDocument document, string? etag) = await LoadForTakeOverAsync(diskId, request, cancellationToken).ConfigureAwait(false);
            (document, etag) = await SettleAsync(document, etag, cancellationToken).ConfigureAwait(false);
            if (etag is null && document.LastEpoch != 0)
            {
                continue;
            }

            if (request.Base is { } position)
            {
                await FindKeptAsync(document, position, cancellationToken).ConfigureAwait(false);
            }

            DiskEpoch epoch = NewEpoch(document, request);
            document = document with { LastEpoch = epoch.Number, Epochs = [.. document.Epochs, epoch] };
            etag = await _disks.TryWriteAsync(document, etag, cancellationToken).ConfigureAwait(false);
            if (etag is null)
            {
                continue;
            }

            (document, etag) = await SettleAsync(document, etag, cancellationToken).ConfigureAwait(false);
            if (etag is null)
            {
                // Someone else was faster. If that was a settling of this very epoch, all is well; if a later epoch, this one is fenced.
                (DiskDocument Document, string ETag)? now = await _disks.ReadAsync(diskId, cancellationToken).ConfigureAwait(false);
                if (now is null || now.Value.Document.Deleted || now.Value.Document.LastEpoch != epoch.Number)
                {
                    throw new AsrException(AsrErrorCode.WriterFenced, $"Another writer took disk {diskId} over at the same time.", "Open a new session.", diskId.ToString());
                }

                (document, etag) = now.Value;
            }

            return await OpenWriterAsync(document, etag, epoch.Number, cancellationToken).ConfigureAwait(false);
        }

        throw new AsrException(AsrErrorCode.Conflict, $"Too many writers take disk {diskId} over at once.", "Stop all but one of them.", diskId.ToString());
    }

    /// <inheritdoc/>
    public async Task<StreamPosition> GetHeadAsync(Guid diskId, CancellationToken cancellationToken)
    {
        (DiskDocument Document, string ETag)? stored = await _disks.ReadAsync(diskId, cancellationToken).ConfigureAwait(false);
        return stored is null ? default : (await ViewAsync(stored.Value.Document, [], cancellationToken).ConfigureAwait(false)).Head;
    }

    /// <inheritdoc/>
    public async Task<Guid?> FindMachineAsync(Guid diskId, CancellationToken cancellationToken)
    {
        (DiskDocument Document, string ETag)? stored = await _disks.ReadAsync(diskId, cancellationToken).ConfigureAwait(false);
        return stored is null || stored.Value.Document.Epochs.Count == 0 ? null : stored.Value.Document.Epochs[^1].MachineId;
    }

    /// <inheritdoc/>
    public async Task<IBlockDevice> OpenAsync(Guid diskId, StreamPosition position, CancellationToken cancellationToken)
    {
        (DiskDocument Document, string ETag)? stored = await _disks.ReadAsync(diskId, cancellationToken).ConfigureAwait(false);
        if (stored is null || stored.Value.Document.Deleted)
        {
            throw DiskView.Unavailable(diskId, position, "the vault does not hold this disk");
        }

        DiskDocument document = stored.Value.Document;
        Guid lease = await _leases.TakeAsync(diskId, position, cancellationToken).ConfigureAwait(false);
        ReplicaOpener opener = Opener(document);
        try
        {
            (SegmentMap segments, Branch branch) = await FindKeptAsync(document, position, cancellationToken).ConfigureAwait(false);
            FixedReplica replica = await FixedReplica.OpenAsync(opener, segments, branch, cancellationToken).ConfigureAwait(false);
            return new ReplicaImage(
                opener,
                replica,
                document.SizeBytes,
                () =>
                {
                    replica.Dispose();
                    return _leases.ReturnAsync(lease);
                });
        }
        catch
        {
            await _leases.ReturnAsync(lease).ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<CompactionResult> CompactAsync(Guid diskId, KeptHistory kept, CompactionOptions options, CancellationToken cancellationToken)
    {
        (DiskDocument Document, string ETag)? stored = await _disks.ReadAsync(diskId, cancellationToken).ConfigureAwait(false);
        if (stored is null)
        {
            return new CompactionResult();
        }

        // Whatever the caller keeps: what an immutable point stands on stays.
        DiskDocument document = stored.Value.Document;
        IReadOnlyList<AsrRecoveryPoint> immutable = await ImmutablePoints.ListAsync(
            Catalog, diskId, document.Epochs.Select(static epoch => epoch.MachineId), _time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        kept = kept with
        {
            Points = [.. kept.Points, .. immutable.SelectMany(static point => point.Disks).Where(disk => disk.DiskId == diskId)
                .Select(static disk => new StreamPosition(disk.Epoch, disk.Sequence))],
        };
        DiskView view = await ViewAsync(document, kept.Points, cancellationToken).ConfigureAwait(false);
        if (view.Newest is null)
        {
            return new CompactionResult();
        }

        Branch head = view.FindBranch(view.Head);
        Branch floor = FindFloor(view, head, kept.ContinuousFrom);
        DiskHistory history = await _histories.NarrowAsync(diskId, present => Narrow(present, view, kept, floor), cancellationToken).ConfigureAwait(false);

        // After the document is written: a reader that came before is seen here, one that comes now sees the document.
        IEnumerable<StreamPosition> positions = history.Kept.Concat(await _leases.ListAsync(diskId, cancellationToken).ConfigureAwait(false));
        List<Branch> branches = [head, .. positions.Append(history.Floor).Select(view.TryFindBranch).OfType<Branch>()];

        // A floor on another branch, of a compaction that knew a later one: then nothing of this branch is touched.
        long continuousFrom = history.Floor.Sequence != 0 && head.Has(history.Floor.Epoch, history.Floor.Sequence) ? history.Floor.Sequence : 0;
        ReplicaOpener opener = Opener(document);
        SegmentMap segments = view.Segments;
        while (true)
        {
            DiskCompactor compactor = new(
                opener, segments, branches, head, continuousFrom, history.Revision, options, _facts, new BandwidthBudget(options.BytesPerSecondMax, _time));
            try
            {
                return await compactor.RunAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (StoredObjectException damaged) when (damaged.Object.Kind == SegmentKind.Index && opener.IsNews(damaged, segments))
            {
                // That run is done without from here on.
                segments = await SegmentMap.ListAsync(_segments, diskId, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ScrubProgress> ScrubAsync(ScrubOptions options, CancellationToken cancellationToken) =>
        new VaultScrub(Catalog, _segments, Secrets, OpenAsync, _caches, _time, options).RunAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task DeleteDiskAsync(Guid diskId, CancellationToken cancellationToken)
    {
        for (int attempt = 0; attempt < SwapAttemptsMax; attempt++)
        {
            (DiskDocument Document, string ETag)? stored = await _disks.ReadAsync(diskId, cancellationToken).ConfigureAwait(false);
            if (stored is null)
            {
                return;
            }

            await ImmutablePoints.DemandNoneAsync(
                Catalog, diskId, stored.Value.Document.Epochs.Select(static epoch => epoch.MachineId), _time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
            await _segments.DrainAsync(diskId, cancellationToken).ConfigureAwait(false);

            // The document first: it fences the writer, and forgetting the keys makes the data unreadable at once.
            if (stored.Value.Document.Deleted
                || await _disks.TryWriteAsync(stored.Value.Document with { Deleted = true, Epochs = [] }, stored.Value.ETag, cancellationToken).ConfigureAwait(false) is not null)
            {
                await DeleteObjectsAsync(diskId, cancellationToken).ConfigureAwait(false);
                await _histories.DeleteAsync(diskId, cancellationToken).ConfigureAwait(false);
                return;
            }
        }

        throw new AsrException(AsrErrorCode.Conflict, $"Disk {diskId} is being taken over while it is removed.", "Stop its replication first.", diskId.ToString());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _leases.DisposeAsync().ConfigureAwait(false);
        if (_segments is IAsyncDisposable segments)
        {
            await segments.DisposeAsync().ConfigureAwait(false);
        }

        _keys.Dispose();
    }

    private static void CheckRequest(Guid diskId, OpenSessionRequest request)
    {
        if (request.SizeBytes is <= 0 or > ReplicationLimits.DiskBytesMax || request.SizeBytes % 512 != 0)
        {
            throw new AsrException(
                AsrErrorCode.DiskUnsupported,
                $"Disk {diskId} has {request.SizeBytes} bytes; a disk has 512 to {ReplicationLimits.DiskBytesMax}, in sectors of 512.",
                "Change the disk's size.",
                diskId.ToString());
        }

        if (diskId == Guid.Empty || request.Nonce == Guid.Empty)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, "Disk id and nonce must be given.", target: diskId.ToString());
        }
    }

    // A start that is not on the head's branch says nothing about it: then the whole of the newest epoch's share stays.
    private static Branch FindFloor(DiskView view, Branch head, StreamPosition? continuousFrom)
    {
        if (continuousFrom is not { } from)
        {
            return head;
        }

        return view.TryFindBranch(from) is { } asked && head.Until(asked.End).Position == asked.Position
            ? asked
            : head.Until(view.Newest!.Parent!.Value.Sequence);
    }

    /// <summary>What of the asked-for positions is whole by what has been promised so far. The floor never moves back.</summary>
    private static DiskHistory Narrow(DiskHistory? present, DiskView view, KeptHistory kept, Branch floor)
    {
        DiskHistory.CheckAge(view.Document.DiskId, present, view.Segments.Objects);
        Branch start = present is null || present.Has(floor) ? floor : view.TryFindBranch(present.Floor) ?? floor;
        StreamPosition[] positions = [.. kept.Points
            .Select(view.TryFindBranch)
            .OfType<Branch>()
            .Where(branch => present is null || present.Has(branch))
            .Select(static branch => branch.Position)
            .Distinct()];
        return new DiskHistory
        {
            DiskId = view.Document.DiskId,
            Revision = checked((present?.Revision ?? 0) + 1),
            AsOfEpoch = view.Newest!.Number,
            Floor = start.Position,
            Kept = positions,
        };
    }

    private ReplicaOpener Opener(DiskDocument document) => new(_segments, new DiskKeys(_keys, document), _caches, document.DiskId, document.SizeBytes);

    private async Task<DiskView> ViewAsync(DiskDocument document, IEnumerable<StreamPosition> known, CancellationToken cancellationToken) =>
        new(document, await SegmentMap.ListAsync(_segments, document.DiskId, cancellationToken).ConfigureAwait(false), known);

    private Task<IReadOnlyList<StreamPosition>> ListPublishedAsync(DiskDocument document, CancellationToken cancellationToken) =>
        PublishedPositions.ListAsync(Catalog, document.DiskId, document.Epochs.Select(static epoch => epoch.MachineId), cancellationToken);

    /// <summary>
    /// The branch of a position that is whole; the newest state always is. The objects are listed before the history is read: packs are newer than the document
    /// that they are made by.
    /// </summary>
    private async Task<(SegmentMap Segments, Branch Branch)> FindKeptAsync(DiskDocument document, StreamPosition position, CancellationToken cancellationToken)
    {
        DiskView view = await ViewAsync(document, [], cancellationToken).ConfigureAwait(false);
        if (position.Epoch == view.Newest?.Number && position.Sequence > view.Head.Sequence)
        {
            // Beyond what is stored without a gap: damage if it was published, and nothing if not.
            view = new DiskView(document, view.Segments, await ListPublishedAsync(document, cancellationToken).ConfigureAwait(false));
        }

        Branch branch = view.FindBranch(position);
        DiskHistory? history = await _histories.ReadAsync(document.DiskId, cancellationToken).ConfigureAwait(false);
        if (view.Newest is null || view.FindBranch(view.Head).Position != branch.Position)
        {
            DiskHistory.CheckAge(document.DiskId, history, view.Segments.Objects);
            if (history is not null && !history.Has(branch))
            {
                throw view.Unavailable(position, "it is older than what the policy keeps, and its changes have been compacted");
            }
        }

        return (view.Segments, branch);
    }

    /// <summary>The document to add an epoch to, its size checked; a new one, not yet stored, for a new disk.</summary>
    private async Task<(DiskDocument Document, string? ETag)> LoadForTakeOverAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken)
    {
        (DiskDocument Document, string ETag)? stored = await _disks.ReadAsync(diskId, cancellationToken).ConfigureAwait(false);
        if (stored is null)
        {
            return (new DiskDocument { DiskId = diskId, SizeBytes = request.SizeBytes }, null);
        }

        (DiskDocument document, string etag) = stored.Value;
        if (document.Deleted)
        {
            // The removal may have been interrupted after its first step.
            await DeleteObjectsAsync(diskId, cancellationToken).ConfigureAwait(false);
            return (document with { Deleted = false, SizeBytes = request.SizeBytes, Epochs = [] }, etag);
        }

        return document.SizeBytes == request.SizeBytes
            ? (document, etag)
            : throw new AsrException(
                AsrErrorCode.DiskSizeChanged,
                $"Disk {diskId} has {request.SizeBytes} bytes; it had {document.SizeBytes} when it was protected.",
                "Disable replication of the disk and enable it again; its recovery points stay until then.",
                diskId.ToString());
    }

    /// <summary>
    /// Completes the newest epoch if it has no parent yet: its predecessor ends where its stored changes end (<see cref="DiskView.FindEnd"/>), and it continues
    /// there, or at the base its writer asked for. A null ETag: someone else changed the document meanwhile.
    /// </summary>
    private async Task<(DiskDocument Document, string? ETag)> SettleAsync(DiskDocument document, string? etag, CancellationToken cancellationToken)
    {
        if (etag is null || document.Epochs.Count == 0 || document.Epochs[^1].Parent is not null)
        {
            return (document, etag);
        }

        DiskEpoch[] epochs = [.. document.Epochs];
        DiskEpoch newest = epochs[^1];
        StreamPosition parent = default;
        if (epochs.Length > 1)
        {
            DiskEpoch previous = epochs[^2];
            SegmentMap segments = await SegmentMap.ListAsync(_segments, document.DiskId, cancellationToken).ConfigureAwait(false);
            long end = DiskView.FindEnd(previous, segments, await ListPublishedAsync(document, cancellationToken).ConfigureAwait(false));
            epochs[^2] = previous with { EndSequence = end };

            // The same nonce again, and nothing written in between: the answer to the first request was lost. The sender knows nothing of
            // that epoch, so it is told the same parent as before. It is a new epoch all the same, so that no two writers share a key.
            bool isRepeated = previous.Nonce == newest.Nonce && end == previous.Parent!.Value.Sequence;
            parent = newest.Base ?? (isRepeated ? previous.Parent!.Value : new StreamPosition(previous.Number, end));
        }

        epochs[^1] = newest with { Parent = parent };
        document = document with { Epochs = epochs };
        return (document, await _disks.TryWriteAsync(document, etag, cancellationToken).ConfigureAwait(false));
    }

    private DiskEpoch NewEpoch(DiskDocument document, OpenSessionRequest request)
    {
        int number = checked(document.LastEpoch + 1);
        byte[] key = RandomNumberGenerator.GetBytes(SegmentCipher.KeyBytes);
        DiskEpoch epoch = new()
        {
            Number = number,
            Base = request.Base,
            WrappedKey = Secrets.Seal(KeyRing.Purpose(document.DiskId, number), key),
            Nonce = request.Nonce,
            MachineId = request.MachineId,
            CreatedAt = _time.GetUtcNow(),
        };
        CryptographicOperations.ZeroMemory(key);
        return epoch;
    }

    private async Task<IReplicaWriter> OpenWriterAsync(DiskDocument document, string etag, int number, CancellationToken cancellationToken)
    {
        StreamPosition parent = EpochTree.Find(document, number)!.Parent!.Value;
        DiskView view = await ViewAsync(document, [], cancellationToken).ConfigureAwait(false);
        ReplicaOpener opener = Opener(document);
        WriterIndex index = await WriterIndex.OpenAsync(opener, view.Segments, view.FindBranch(parent), number, _options.IndexRunSegments, cancellationToken).ConfigureAwait(false);
        return new ReplicaWriter(new ReplicaWriterParts
        {
            Store = _segments,
            Fence = new WriterFence(_disks, document.DiskId, number, etag),
            Opener = opener,
            Index = index,
            Damage = await index.FindProblemAsync(cancellationToken).ConfigureAwait(false),
            Session = new ReplicationSession { Epoch = number, Parent = parent, NextSequence = parent.Sequence + 1 },
            DiskId = document.DiskId,
            SizeBytes = document.SizeBytes,
            UnderWayMax = _options.SegmentsUnderWayMax,
            Time = _time,
        });
    }

    private async Task DeleteObjectsAsync(Guid diskId, CancellationToken cancellationToken)
    {
        List<SegmentName> names = [];
        await foreach (SegmentName name in _segments.ListAsync(diskId, cancellationToken).ConfigureAwait(false))
        {
            names.Add(name);
        }

        foreach (SegmentName name in names)
        {
            await _segments.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }
    }
}
