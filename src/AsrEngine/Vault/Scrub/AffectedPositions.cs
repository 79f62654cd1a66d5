using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Index;
using Asr.Engine.Vault.Replica;

namespace Asr.Engine.Vault.Scrub;

/// <summary>
/// Which positions of a disk cannot be read whole because of one damaged object: those whose index shows content that is read from it, or that cannot be opened
/// without it. It asks the same questions as a reader, past the vault's caches. For one caller and one damage.
/// </summary>
internal sealed class AffectedPositions(ISegmentStore store, DiskKeys keys, DiskDocument document, ObjectDamage damage)
{
    // Tables and pages of the few runs that positions share; a large disk's would not fit, and are read again.
    private const long CacheBytes = 32 << 20;

    // Compaction moves changes while they are looked for, and damaged runs are passed over one after the other.
    private const int AttemptsMax = 16;

    private readonly ReplicaOpener _opener = new(store, keys, new ReplicaCaches(CacheBytes), document.DiskId, document.SizeBytes);
    private SegmentMap? _map;

    /// <summary>Whether the disk's newest state is affected; <paramref name="known"/> are the positions of its points.</summary>
    public async Task<bool> HasHeadAsync(IEnumerable<StreamPosition> known, CancellationToken cancellationToken) =>
        await HasAsync(new DiskView(document, await MapAsync(cancellationToken).ConfigureAwait(false), known).Head, cancellationToken).ConfigureAwait(false);

    /// <summary>Whether a position is affected that a point names, or that is the newest.</summary>
    public async Task<bool> HasAsync(StreamPosition position, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            SegmentMap map = await MapAsync(cancellationToken).ConfigureAwait(false);
            if (new DiskView(document, map, [position]).TryFindBranch(position) is not { } branch || !damage.Touches(branch.Parts))
            {
                return false;
            }

            try
            {
                return await ShowsAsync(map, branch, cancellationToken).ConfigureAwait(false);
            }
            catch (StoredObjectException problem) when (attempt < AttemptsMax && problem.Object != damage.Object && IsNews(problem))
            {
                _map = null;
            }
            catch (AsrException problem) when (problem.Code is AsrErrorCode.SegmentCorrupt or AsrErrorCode.SegmentMissing or AsrErrorCode.VaultDocumentCorrupt
                or AsrErrorCode.VaultUnavailable)
            {
                // It cannot be opened, because of this object, or of another one that needs its stretch to be opened too.
                return true;
            }
        }
    }

    private bool IsNews(StoredObjectException problem) => problem.Code == AsrErrorCode.SegmentMissing || _opener.IsNews(problem, _map!);

    private async Task<bool> ShowsAsync(SegmentMap map, Branch branch, CancellationToken cancellationToken)
    {
        // Another stretch of which nothing is known may hide this one only until it is mended.
        (map, List<PlacedLayer> opened) = await _opener.OpenFreshAsync(map, branch, 0, cancellationToken).ConfigureAwait(false);
        LayerStack layers = LayerStack.Of(opened.Where(layer => layer.Layer is not UnknownLayer || damage.Touches(new BranchPart(branch.EpochOf(layer.Last), layer.First - 1, layer.Last))));
        if (damage.Contents.Count == 0)
        {
            return await layers.ScanAsync(_opener.DiskSectors, cancellationToken).AnyAsync(extent => IsRead(map, branch, extent), cancellationToken).ConfigureAwait(false);
        }

        List<Extent> shown = [];
        foreach (Change change in damage.Contents)
        {
            shown.Clear();
            await layers.FindAsync(change.Offset / Sectors.Bytes, change.End / Sectors.Bytes, shown, cancellationToken).ConfigureAwait(false);
            if (shown.Exists(extent => extent.Sequence == change.Sequence && IsRead(map, branch, extent)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the content of an extent comes from the damaged object: a pack beside it, or made of it, may hold the same change.</summary>
    private bool IsRead(SegmentMap map, Branch branch, in Extent extent) =>
        !extent.IsZero
        && extent.Sequence >= damage.Object.FirstSequence
        && extent.Sequence <= damage.Object.LastSequence
        && branch.EpochOf(extent.Sequence) == damage.Object.Epoch
        && (map.Locate(damage.Object.Epoch, extent.Sequence) is not { } holder || holder == damage.Object);

    private async Task<SegmentMap> MapAsync(CancellationToken cancellationToken) =>
        _map ??= await SegmentMap.ListAsync(store, document.DiskId, cancellationToken).ConfigureAwait(false);
}
