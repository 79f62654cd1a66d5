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
/// tells of. A damaged run is passed over, here and from then on. Safe for concurrent callers.
/// </summary>
internal sealed class ReplicaOpener(ISegmentStore store, DiskKeys keys, ReplicaCaches caches, Guid diskId, long diskBytes)
{
    // Tables that are read at a time: storage at a distance answers several requests as fast as one.
    private const int TablesAtOnce = 8;

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
                layers.Add(new PlacedLayer(await ReadTablesAsync(map, branch, at, next.Last, cancellationToken).ConfigureAwait(false), at + 1, next.Last));
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

    private async Task<MemoryLayer> ReadTablesAsync(SegmentMap map, Branch branch, long after, long upTo, CancellationToken cancellationToken)
    {
        MemoryLayer layer = new();
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
                SegmentTable[] tables = await Task.WhenAll(stretches.Select(stretch => ReadTableAsync(stretch.Object, cancellationToken).AsTask())).ConfigureAwait(false);
                for (int j = 0; j < tables.Length; j++)
                {
                    layer.Apply(tables[j].Changes, stretches[j].First - 1, stretches[j].Last);
                }
            }
        }

        return layer;
    }

    /// <summary>A part of a branch's index.</summary>
    /// <param name="Run">The parts of the run that tells of it; null for the tables.</param>
    /// <param name="Last">Its last change.</param>
    private readonly record struct PlannedLayer(IReadOnlyList<SegmentName>? Run, long Last);
}
