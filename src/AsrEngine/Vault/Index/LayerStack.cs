using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Vault.Index;

/// <summary>Layers of adjacent stretches, oldest first, read as one: what a newer layer has hides what is below it. Immutable; safe for concurrent callers.</summary>
internal sealed class LayerStack(IReadOnlyList<IIndexLayer> layers)
{
    // 64 MiB of disk: at most 131,072 extents of a sector each, and large enough that a sparse disk costs few steps.
    private const long ScanSectors = 128 << 10;

    private readonly UnknownLayer[] _unknown = [.. layers.OfType<UnknownLayer>()];

    /// <summary>The layers, oldest first.</summary>
    public IReadOnlyList<IIndexLayer> Layers => layers;

    /// <summary>The layers as they lie over each other.</summary>
    public static LayerStack Of(IEnumerable<PlacedLayer> placed) => new([.. placed.Select(static layer => layer.Layer)]);

    /// <summary>Adds the newest extents in [<paramref name="from"/>, <paramref name="to"/>) to a list, cut to it, in order. What lies between them was never written.</summary>
    public async ValueTask FindAsync(long from, long to, List<Extent> output, CancellationToken cancellationToken)
    {
        if (layers.Count == 1)
        {
            await layers[0].FindAsync(from, to, output, cancellationToken).ConfigureAwait(false);
            return;
        }

        List<Extent> newest = [];
        List<Extent> layer = [];
        List<Extent> merged = [];
        for (int i = layers.Count - 1; i >= 0; i--)
        {
            layer.Clear();
            await layers[i].FindAsync(from, to, layer, cancellationToken).ConfigureAwait(false);
            if (layer.Count == 0)
            {
                continue;
            }

            if (newest.Count == 0)
            {
                (newest, layer) = (layer, newest);
                continue;
            }

            merged.Clear();
            bool isCovered = FillGaps(newest, layer, from, to, merged);
            (newest, merged) = (merged, newest);
            if (isCovered)
            {
                break;
            }
        }

        output.AddRange(newest);
    }

    /// <summary>Whether the index was made without an object because that is damaged or missing.</summary>
    public bool Lacks(SegmentName name) => Array.Exists(_unknown, layer => layer.Problem.Object == name);

    /// <summary>Why it cannot be told what an extent holds; null when it can.</summary>
    public StoredObjectException? FindProblem(in Extent extent)
    {
        foreach (UnknownLayer layer in _unknown)
        {
            if (layer.Last == extent.Sequence)
            {
                return new StoredObjectException(layer.Problem);
            }
        }

        return null;
    }

    /// <summary>Why it cannot be told what a part of the disk holds; null when all of it is known. Reads the index only where something is amiss.</summary>
    public async ValueTask<StoredObjectException?> FindProblemAsync(long diskSectors, CancellationToken cancellationToken)
    {
        List<Extent> window = [];
        for (long at = 0; at < diskSectors && _unknown.Length > 0; at += ScanSectors)
        {
            window.Clear();
            await FindAsync(at, long.Min(diskSectors, at + ScanSectors), window, cancellationToken).ConfigureAwait(false);
            foreach (Extent extent in window)
            {
                if (FindProblem(extent) is { } problem)
                {
                    return problem;
                }
            }
        }

        return null;
    }

    /// <summary>Every extent of the disk in order, adjacent parts of one change joined.</summary>
    /// <param name="diskSectors">Sectors of the disk.</param>
    /// <param name="cancellationToken">Ends the scan.</param>
    public async IAsyncEnumerable<Extent> ScanAsync(long diskSectors, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<Extent> window = [];
        Extent last = default;
        for (long at = FindNext(0); at < diskSectors; at = FindNext(at))
        {
            cancellationToken.ThrowIfCancellationRequested();
            long end = long.Min(diskSectors, at + ScanSectors);
            window.Clear();
            await FindAsync(at, end, window, cancellationToken).ConfigureAwait(false);
            foreach (Extent extent in window)
            {
                if (last.Sectors != 0 && last.TryJoin(extent, out Extent joined))
                {
                    last = joined;
                    continue;
                }

                if (last.Sectors != 0)
                {
                    yield return last;
                }

                last = extent;
            }

            at = end;
        }

        if (last.Sectors != 0)
        {
            yield return last;
        }
    }

    /// <summary>Lays <paramref name="newer"/> over <paramref name="older"/>; true when the result leaves no gap in the range, so that nothing below it shows.</summary>
    private static bool FillGaps(List<Extent> newer, List<Extent> older, long from, long to, List<Extent> merged)
    {
        long at = from;
        long covered = 0;
        int next = 0;
        for (int i = 0; i <= newer.Count; i++)
        {
            long gapEnd = i < newer.Count ? newer[i].Sector : to;
            while (next < older.Count && older[next].Sector < gapEnd)
            {
                Extent below = older[next];
                if (below.End > at && at < gapEnd)
                {
                    Extent shown = below.Cut(at, gapEnd);
                    merged.Add(shown);
                    covered += shown.Sectors;
                }

                if (below.End > gapEnd)
                {
                    break;
                }

                next++;
            }

            if (i < newer.Count)
            {
                merged.Add(newer[i]);
                covered += newer[i].Sectors;
                at = newer[i].End;
            }
        }

        return covered == to - from;
    }

    private long FindNext(long from)
    {
        long next = long.MaxValue;
        foreach (IIndexLayer layer in layers)
        {
            next = long.Min(next, layer.FindNext(from));
        }

        return next;
    }
}
