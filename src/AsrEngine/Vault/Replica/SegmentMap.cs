using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Vault.Replica;

/// <summary>A stretch of one epoch's stream and the object that holds it.</summary>
/// <param name="First">First change.</param>
/// <param name="Last">Last change.</param>
/// <param name="Object">Segment or pack; its own stretch may be longer.</param>
/// <param name="IsMissing">True for a gap; the object is then the segment that would fill it.</param>
internal readonly record struct StoredStretch(long First, long Last, SegmentName Object, bool IsMissing = false);

/// <summary>
/// What the store holds of one disk, as of one listing and what its writer added since. Where a pack and what it was made from are both there, the pack
/// counts. Safe for concurrent callers.
/// </summary>
internal sealed class SegmentMap
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, List<StoredStretch>> _stretches = [];
    private readonly List<SegmentName> _objects;

    /// <summary>Makes the map of a listing.</summary>
    public SegmentMap(List<SegmentName> names)
    {
        _objects = [.. names.Where(static name => name.Kind != SegmentKind.Index)];
        Runs = [.. names
            .Where(static name => name.Kind == SegmentKind.Index)
            .GroupBy(static name => name with { Generation = 0 })
            .Select(static parts => (IReadOnlyList<SegmentName>)[.. parts.OrderBy(static part => part.Generation)])];
        foreach (IGrouping<int, SegmentName> epoch in _objects.GroupBy(static name => name.Epoch))
        {
            _stretches[epoch.Key] = Lay([.. epoch]);
        }
    }

    /// <summary>The index runs of the listing, each with its parts in order. Some may lack their end.</summary>
    public IReadOnlyList<IReadOnlyList<SegmentName>> Runs { get; }

    /// <summary>Every segment and pack of the listing, those that a pack stands for included.</summary>
    public IReadOnlyList<SegmentName> Objects => _objects;

    public static async Task<SegmentMap> ListAsync(ISegmentStore store, Guid diskId, CancellationToken cancellationToken)
    {
        List<SegmentName> names = [];
        await foreach (SegmentName name in store.ListAsync(diskId, cancellationToken).ConfigureAwait(false))
        {
            names.Add(name);
        }

        return new SegmentMap(names);
    }

    /// <summary>Tells of a segment that was stored after the listing, or beside it: a later one may be in the listing already, and so may this one.</summary>
    public void Add(in SegmentName name)
    {
        lock (_lock)
        {
            if (!_stretches.TryGetValue(name.Epoch, out List<StoredStretch>? stretches))
            {
                _stretches[name.Epoch] = stretches = [];
            }

            int at = FindFirstEndingAt(stretches, name.LastSequence);
            if (at == stretches.Count || stretches[at].First > name.FirstSequence)
            {
                stretches.Insert(at, new StoredStretch(name.FirstSequence, name.LastSequence, name));
            }
        }
    }

    /// <summary>The object that holds a change, or null.</summary>
    public SegmentName? Locate(int epoch, long sequence)
    {
        lock (_lock)
        {
            if (!_stretches.TryGetValue(epoch, out List<StoredStretch>? stretches))
            {
                return null;
            }

            int at = FindFirstEndingAt(stretches, sequence);
            return at < stretches.Count && stretches[at].First <= sequence ? stretches[at].Object : null;
        }
    }

    /// <summary>Last change of an epoch that is stored without a gap from <paramref name="after"/> on.</summary>
    public long FindEnd(int epoch, long after)
    {
        lock (_lock)
        {
            long end = after;
            foreach (StoredStretch stretch in Stretches(epoch))
            {
                if (stretch.First > end + 1)
                {
                    break;
                }

                end = long.Max(end, stretch.Last);
            }

            return end;
        }
    }

    /// <summary>Last change of an epoch that an index run or a pack of it reaches; 0 for none.</summary>
    public long FindDerivedEnd(int epoch) => _objects
        .Where(static name => name.Kind == SegmentKind.Pack)
        .Concat(Runs.Select(static parts => parts[0]))
        .Where(name => name.Epoch == epoch)
        .Select(static name => name.LastSequence)
        .DefaultIfEmpty()
        .Max();

    /// <summary>The stretches that hold a part, in order, cut to it, the gaps among them.</summary>
    public List<StoredStretch> Cover(Guid diskId, in BranchPart part)
    {
        List<StoredStretch> cover = [];
        lock (_lock)
        {
            List<StoredStretch> stretches = Stretches(part.Epoch);
            int next = FindFirstEndingAt(stretches, part.After + 1);
            for (long at = part.After; at < part.UpTo; at = cover[^1].Last)
            {
                if (next < stretches.Count && stretches[next].First <= at + 1)
                {
                    cover.Add(stretches[next] with { First = at + 1, Last = long.Min(stretches[next].Last, part.UpTo) });
                    next++;
                    continue;
                }

                long last = next < stretches.Count ? long.Min(stretches[next].First - 1, part.UpTo) : part.UpTo;
                cover.Add(new StoredStretch(at + 1, last, new SegmentName(diskId, SegmentKind.Changes, part.Epoch, at + 1, last), IsMissing: true));
            }
        }

        return cover;
    }

    /// <summary>The objects of an epoch in stream order, each with the stretch that is read from it.</summary>
    public IReadOnlyList<StoredStretch> StretchesOf(int epoch)
    {
        lock (_lock)
        {
            return [.. Stretches(epoch)];
        }
    }

    /// <summary>
    /// Which object counts for which stretch: at every place the one of the highest generation, and of those the longest. Packs and what they were made
    /// from are side by side between the storing of the one and the deletion of the other.
    /// </summary>
    private static List<StoredStretch> Lay(List<SegmentName> objects)
    {
        objects.Sort(static (a, b) => a.FirstSequence.CompareTo(b.FirstSequence));
        PriorityQueue<SegmentName, (int, long)> active = new();
        List<StoredStretch> laid = [];
        int next = 0;
        long at = 0;
        while (true)
        {
            while (active.TryPeek(out SegmentName over, out _) && over.LastSequence < at)
            {
                active.Dequeue();
            }

            if (active.Count == 0)
            {
                if (next == objects.Count)
                {
                    return laid;
                }

                at = long.Max(at, objects[next].FirstSequence);
            }

            for (; next < objects.Count && objects[next].FirstSequence <= at; next++)
            {
                SegmentName begun = objects[next];
                if (begun.LastSequence >= at)
                {
                    active.Enqueue(begun, (-begun.Generation, -(begun.LastSequence - begun.FirstSequence)));
                }
            }

            if (!active.TryPeek(out SegmentName best, out _) || best.LastSequence < at)
            {
                continue;
            }

            long end = next < objects.Count ? long.Min(best.LastSequence, objects[next].FirstSequence - 1) : best.LastSequence;
            if (laid.Count > 0 && laid[^1].Object == best && laid[^1].Last == at - 1)
            {
                laid[^1] = laid[^1] with { Last = end };
            }
            else
            {
                laid.Add(new StoredStretch(at, end, best));
            }

            at = end + 1;
        }
    }

    private static int FindFirstEndingAt(List<StoredStretch> stretches, long sequence) =>
        Bisection.FindFirst<StoredStretch, long>(CollectionsMarshal.AsSpan(stretches), sequence, static (in StoredStretch stretch, long at) => stretch.Last >= at);

    private List<StoredStretch> Stretches(int epoch) => _stretches.TryGetValue(epoch, out List<StoredStretch>? stretches) ? stretches : [];
}
