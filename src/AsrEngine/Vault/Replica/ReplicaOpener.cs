using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Index;

namespace Asr.Engine.Vault.Replica;

/// <summary>
/// Builds the index of positions of one disk from what the store holds: as few index runs as possible, and the tables of the segments that no run
/// tells of. A damaged run is passed over, here and from then on; a damaged or missing segment that no run tells of is a stretch of which nothing is known. Safe for
/// concurrent callers.
/// </summary>
internal sealed class ReplicaOpener(ISegmentStore store, DiskKeys keys, ReplicaCaches caches, Guid diskId, long diskBytes)
{
    // Tables that are read at a time: storage at a distance answers several requests as fast as one.
    private const int TablesAtOnce = 8;

    // Each answers a compaction that has replaced something in the short time since the one before.
    private const int ListingsMax = 8;

    private readonly ConcurrentDictionary<SegmentName, bool> _damaged = new();

    /// <summary>The disk.</summary>
    public Guid DiskId => diskId;

    /// <summary>Sectors of the disk.</summary>
    public long DiskSectors => diskBytes / Sectors.Bytes;

    /// <summary>Where the disk's objects are.</summary>
    public ISegmentStore Store => store;

    /// <summary>The disk's ciphers.</summary>
    public DiskKeys Keys => keys;

    /// <summary>What is kept in memory.</summary>
    public ReplicaCaches Caches => caches;

    /// <summary>Whether a fresh listing may help with a problem at all.</summary>
    public static bool MayBeNews(StoredObjectException problem) => problem.Object.Kind == SegmentKind.Index || problem.Code == AsrErrorCode.SegmentMissing;

    /// <summary>Whether a fresh listing helps with a problem: the object lies elsewhere by now, or it is an index run that can be done without.</summary>
    public bool IsNews(StoredObjectException problem, SegmentMap map) => problem.Object.Kind == SegmentKind.Index
        ? NoteDamaged(problem.Object)
        : problem.Code == AsrErrorCode.SegmentMissing && map.Locate(problem.Object.Epoch, problem.Object.FirstSequence) is { } other && other != problem.Object;

    /// <summary>The layers of a branch's changes above <paramref name="after"/>, oldest first.</summary>
    public async Task<List<PlacedLayer>> OpenAsync(SegmentMap map, Branch branch, long after, CancellationToken cancellationToken)
    {
        List<IReadOnlyList<SegmentName>> runs = FindUsable(map, branch);
        List<PlacedLayer> layers = [];
        for (long at = after; at < branch.End;)
        {
            PlannedLayer next = PlanNext(runs, after, at, branch.End);
            if (next.Run is null)
            {
                layers.AddRange(await ReadTablesAsync(map, branch, at, next.Last, cancellationToken).ConfigureAwait(false));
            }
            else if (await TryOpenAsync(next.Run, cancellationToken).ConfigureAwait(false) is { } run)
            {
                layers.Add(new PlacedLayer(run, run.Name.FirstSequence, run.Name.LastSequence));
            }
            else
            {
                runs.Remove(next.Run);
                continue;
            }

            at = next.Last;
        }

        return layers;
    }

    /// <summary>As <see cref="OpenAsync"/> for all of a branch, with a fresh listing when a compaction has moved something since this one was made.</summary>
    public async Task<(SegmentMap Map, List<PlacedLayer> Layers)> OpenFreshAsync(SegmentMap map, Branch branch, long after, CancellationToken cancellationToken)
    {
        for (int listings = 1; ; listings++)
        {
            List<PlacedLayer> layers = await OpenAsync(map, branch, after, cancellationToken).ConfigureAwait(false);
            StoredObjectException[] missing = [.. layers
                .Select(static layer => (layer.Layer as UnknownLayer)?.Problem)
                .OfType<StoredObjectException>()
                .Where(static problem => problem.Code == AsrErrorCode.SegmentMissing)];
            if (missing.Length == 0 || listings == ListingsMax)
            {
                return (map, layers);
            }

            SegmentMap fresh = await SegmentMap.ListAsync(store, diskId, cancellationToken).ConfigureAwait(false);
            if (!Array.Exists(missing, problem => IsNews(problem, fresh)))
            {
                return (map, layers);
            }

            map = fresh;
        }
    }

    /// <summary>The runs that <see cref="OpenAsync"/> would use for a position, as far as names tell.</summary>
    public IEnumerable<SegmentName> ChooseRuns(SegmentMap map, Branch branch, long after)
    {
        List<IReadOnlyList<SegmentName>> runs = FindUsable(map, branch);
        for (long at = after; at < branch.End;)
        {
            PlannedLayer next = PlanNext(runs, after, at, branch.End);
            if (next.Run is not null)
            {
                yield return next.Run[0];
            }

            at = next.Last;
        }
    }

    /// <summary>The table of an object, from memory or from the store.</summary>
    public async ValueTask<SegmentTable> ReadTableAsync(SegmentName name, CancellationToken cancellationToken)
    {
        if (!caches.Tables.TryGet(name, out SegmentTable? table))
        {
            table = await SegmentReader.OpenAsync(store, name, keys.For(name.Epoch), diskBytes, cancellationToken).ConfigureAwait(false);
            caches.Tables.Add(name, table, table.MemoryBytes);
        }

        return table;
    }

    /// <summary>Opens a run of which all parts are known; null, and remembered, when it is damaged or lacks a part.</summary>
    public async Task<IndexRun?> TryOpenAsync(IReadOnlyList<SegmentName> parts, CancellationToken cancellationToken)
    {
        try
        {
            return await IndexRun.OpenAsync(store, parts, keys.For(parts[0].Epoch), DiskSectors, caches.Pages, cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException error) when (error.Code is AsrErrorCode.SegmentCorrupt or AsrErrorCode.SegmentMissing)
        {
            // Derived data: shorter runs, or the segments themselves, tell the same.
            NoteDamaged(parts[0]);
            return null;
        }
    }

    private bool NoteDamaged(in SegmentName run) => _damaged.TryAdd(run with { Generation = 0 }, true);

    /// <summary>What comes next above <paramref name="at"/>: the run that reaches furthest, else the tables up to where a run begins.</summary>
    private static PlannedLayer PlanNext(List<IReadOnlyList<SegmentName>> runs, long after, long at, long end)
    {
        IReadOnlyList<SegmentName>? best = null;
        long next = end;
        foreach (IReadOnlyList<SegmentName> parts in runs)
        {
            // A run that reaches back below the start tells of older changes too, which lie below what is asked for only when that is everything.
            SegmentName name = parts[0];
            if (name.FirstSequence > at + 1)
            {
                next = long.Min(next, name.FirstSequence - 1);
            }
            else if (name.FirstSequence > after && name.LastSequence > at && (best is null || name.LastSequence > best[0].LastSequence))
            {
                best = parts;
            }
        }

        return new PlannedLayer(best, best is null ? next : best[0].LastSequence);
    }

    // Beyond the branch's end, or the end of its epoch's share, lies what a fenced writer or an abandoned branch indexed.
    private List<IReadOnlyList<SegmentName>> FindUsable(SegmentMap map, Branch branch) => [.. map.Runs.Where(parts => parts[0].LastSequence <= branch.End
        && branch.Has(parts[0].Epoch, parts[0].LastSequence)
        && !_damaged.ContainsKey(parts[0] with { Generation = 0 }))];

    /// <summary>What the tables of a stretch tell: one layer, or several with what is not known between them.</summary>
    private async Task<List<PlacedLayer>> ReadTablesAsync(SegmentMap map, Branch branch, long after, long upTo, CancellationToken cancellationToken)
    {
        List<PlacedLayer> layers = [];
        MemoryLayer layer = new();
        long first = after + 1;
        foreach (BranchPart part in branch.Parts)
        {
            if (part.UpTo <= after || part.After >= upTo)
            {
                continue;
            }

            List<StoredStretch> cover = map.Cover(diskId, part with { After = long.Max(part.After, after), UpTo = long.Min(part.UpTo, upTo) });
            for (int i = 0; i < cover.Count; i += TablesAtOnce)
            {
                StoredStretch[] stretches = [.. cover.Skip(i).Take(TablesAtOnce)];
                (SegmentTable? Table, StoredObjectException? Problem)[] tables =
                    await Task.WhenAll(stretches.Select(stretch => TryReadTableAsync(stretch, cancellationToken))).ConfigureAwait(false);
                for (int j = 0; j < tables.Length; j++)
                {
                    if (tables[j].Table is { } table)
                    {
                        layer.Apply(table.Changes, stretches[j].First - 1, stretches[j].Last);
                        continue;
                    }

                    Rest(stretches[j].First - 1);
                    layers.Add(new PlacedLayer(new UnknownLayer(stretches[j].Last, tables[j].Problem!), stretches[j].First, stretches[j].Last));
                    first = stretches[j].Last + 1;
                }
            }
        }

        Rest(upTo);
        return layers;

        void Rest(long last)
        {
            if (last >= first)
            {
                layers.Add(new PlacedLayer(layer, first, last));
                layer = new MemoryLayer();
            }
        }
    }

    private async Task<(SegmentTable? Table, StoredObjectException? Problem)> TryReadTableAsync(StoredStretch stretch, CancellationToken cancellationToken)
    {
        if (stretch.IsMissing)
        {
            return (null, SegmentErrors.Missing(stretch.Object));
        }

        try
        {
            return (await ReadTableAsync(stretch.Object, cancellationToken).ConfigureAwait(false), null);
        }
        catch (StoredObjectException problem) when (problem.Code is AsrErrorCode.SegmentCorrupt or AsrErrorCode.SegmentMissing)
        {
            return (null, problem);
        }
    }

    /// <summary>A part of a branch's index.</summary>
    /// <param name="Run">The parts of the run that tells of it; null for the tables.</param>
    /// <param name="Last">Its last change.</param>
    private readonly record struct PlannedLayer(IReadOnlyList<SegmentName>? Run, long Last);
}
