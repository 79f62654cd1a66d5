using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Pacing;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Index;
using Asr.Engine.Vault.Replica;

namespace Asr.Engine.Vault.Compaction;

/// <summary>
/// One compaction of one disk: finds what no kept position shows, writes the objects with much of it anew as packs, and deletes what the packs and larger index runs
/// stand for. A pack is durable before anything it stands for is deleted, so it may end anywhere. Several at once, in several processes, do no
/// harm: what is kept only ever shrinks, so any pack holds all that is still needed of its stretch.
/// </summary>
internal sealed class DiskCompactor(
    ReplicaOpener opener, SegmentMap map, IReadOnlyList<Branch> kept, Branch head, long continuousFrom, int revision, CompactionOptions options, ObjectFacts facts, BandwidthBudget budget)
{
    // Live ranges held in memory at a time, about: 50 MB of them.
    private const long RangesAtOnce = 2 << 20;

    // The layers of intervals are kept between the counting and the collecting as far as they fit: most of a disk's history has no runs and is read from its tables.
    private const long LayerBytesMax = 64 << 20;

    private readonly BoundedCache<KeptInterval, LayerStack[]> _opened = new(LayerBytesMax);
    private readonly List<KeptInterval> _intervals = KeptIntervals.Cut(kept);
    private readonly List<string> _damaged = [];

    public async Task<CompactionResult> RunAsync(CancellationToken cancellationToken)
    {
        await DeleteReplacedAsync(cancellationToken).ConfigureAwait(false);
        Dictionary<SegmentName, (long Sectors, long Extents)> live = await CountLiveAsync(cancellationToken).ConfigureAwait(false);
        List<CompactionCandidate> candidates = await DescribeAsync(live, cancellationToken).ConfigureAwait(false);
        List<List<CompactionCandidate>> groups = CompactionPlanner.Plan(candidates, options);
        CompactionResult result = new()
        {
            BytesBefore = candidates.Sum(static candidate => candidate.Bytes),
            DeadBytesBefore = candidates.Sum(static candidate => candidate.DeadBytes),
        };
        long bytesAfter = result.BytesBefore;
        for (int i = 0; i < groups.Count;)
        {
            int count = 0;
            long ranges = 0;
            while (i + count < groups.Count && (count == 0 || ranges < RangesAtOnce))
            {
                ranges += groups[i + count].Sum(candidate => live.GetValueOrDefault(candidate.Name).Extents);
                count++;
            }

            List<LiveChanges> changes = await CollectAsync(groups.GetRange(i, count), cancellationToken).ConfigureAwait(false);
            for (int j = 0; j < count; j++)
            {
                List<CompactionCandidate> group = groups[i + j];
                if (await TryReplaceAsync(group, changes[j], cancellationToken).ConfigureAwait(false) is long bytes)
                {
                    bytesAfter += bytes - group.Sum(static candidate => candidate.Bytes);
                    result = result with { PacksWritten = result.PacksWritten + 1, ObjectsReplaced = result.ObjectsReplaced + group.Count };
                }
            }

            i += count;
        }

        int runsDeleted = await DeleteRunsAsync(cancellationToken).ConfigureAwait(false);
        return result with { BytesAfter = bytesAfter, RunsDeleted = runsDeleted, Damaged = _damaged };
    }

    /// <summary>What an interrupted compaction left: objects that a pack stands for.</summary>
    private async Task DeleteReplacedAsync(CancellationToken cancellationToken)
    {
        HashSet<SegmentName> read = [.. map.Objects.Select(static name => name.Epoch).Distinct().SelectMany(map.StretchesOf).Select(static stretch => stretch.Object)];
        foreach (SegmentName name in map.Objects.Where(name => !read.Contains(name)))
        {
            await opener.Store.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<Dictionary<SegmentName, (long Sectors, long Extents)>> CountLiveAsync(CancellationToken cancellationToken)
    {
        Dictionary<SegmentName, (long Sectors, long Extents)> live = [];
        foreach (KeptInterval interval in _intervals)
        {
            await foreach (Extent extent in ScanAsync(interval, cancellationToken).ConfigureAwait(false))
            {
                if (map.Locate(interval.Branch.EpochOf(extent.Sequence), extent.Sequence) is { } name)
                {
                    (long sectors, long extents) = live.GetValueOrDefault(name);
                    live[name] = (sectors + (extent.IsZero ? 0 : extent.Sectors), extents + 1);
                }
            }
        }

        return live;
    }

    private async Task<List<CompactionCandidate>> DescribeAsync(Dictionary<SegmentName, (long Sectors, long Extents)> live, CancellationToken cancellationToken)
    {
        List<CompactionCandidate> candidates = [];

        // What a writer has stored that took the disk over since its document was read stays unlooked-at: its key is not known here.
        foreach (int epoch in map.Objects.Select(static name => name.Epoch).Distinct().Where(opener.Keys.Has).Order())
        {
            foreach (StoredStretch stretch in map.StretchesOf(epoch))
            {
                SegmentName name = stretch.Object;
                if (stretch.First != name.FirstSequence || stretch.Last != name.LastSequence)
                {
                    continue;
                }

                if (await TryDescribeAsync(name, cancellationToken).ConfigureAwait(false) is { } fact)
                {
                    long liveSectors = long.Min(fact.DataSectors, live.GetValueOrDefault(name).Sectors);
                    long dead = fact.DataSectors == 0 ? 0 : fact.Bytes - (long)((double)fact.Bytes * liveSectors / fact.DataSectors);
                    candidates.Add(new CompactionCandidate(name, fact.Bytes, dead, fact.Entries, IsFree(name)));
                }
            }
        }

        return candidates;
    }

    // Not free: what holds a change of the continuous stretch before the head, what its writer is just storing beyond the head, and what a writer stores that took
    // the disk over since the head was looked up.
    private bool IsFree(in SegmentName name)
    {
        int epoch = head.Position.Epoch;
        if (name.Epoch > epoch || (name.Epoch == epoch && name.LastSequence > head.End))
        {
            return false;
        }

        foreach (BranchPart part in head.Parts)
        {
            if (part.Epoch == name.Epoch && name.FirstSequence <= part.UpTo)
            {
                return name.LastSequence <= continuousFrom;
            }
        }

        return true;
    }

    private async Task<ObjectFact?> TryDescribeAsync(SegmentName name, CancellationToken cancellationToken)
    {
        try
        {
            return await facts.DescribeAsync(opener, name, cancellationToken).ConfigureAwait(false);
        }
        catch (StoredObjectException error)
        {
            _damaged.Add(error.Message);
            return null;
        }
    }

    /// <summary>The live ranges of the changes of each group.</summary>
    private async Task<List<LiveChanges>> CollectAsync(List<List<CompactionCandidate>> groups, CancellationToken cancellationToken)
    {
        Dictionary<SegmentName, LiveChanges> byObject = [];
        List<LiveChanges> changes = [];
        foreach (List<CompactionCandidate> group in groups)
        {
            LiveChanges live = new();
            changes.Add(live);
            group.ForEach(candidate => byObject[candidate.Name] = live);
        }

        foreach (KeptInterval interval in _intervals.Where(interval => groups.Exists(group => Concerns(interval, group))))
        {
            await foreach (Extent extent in ScanAsync(interval, cancellationToken).ConfigureAwait(false))
            {
                if (map.Locate(interval.Branch.EpochOf(extent.Sequence), extent.Sequence) is { } name && byObject.TryGetValue(name, out LiveChanges? live))
                {
                    live.Add(new LiveRange(extent.Sequence, extent.Sector * Sectors.Bytes, extent.End * Sectors.Bytes));
                }
            }
        }

        return changes;
    }

    private static bool Concerns(in KeptInterval interval, List<CompactionCandidate> group) =>
        interval.After < group[^1].Name.LastSequence && interval.Branch.End >= group[0].Name.FirstSequence;

    /// <summary>Writes one pack and deletes what it stands for; its size, or null when something of it is damaged: then all stays as it is.</summary>
    private async Task<long?> TryReplaceAsync(List<CompactionCandidate> group, LiveChanges live, CancellationToken cancellationToken)
    {
        SegmentName first = group[0].Name;
        SegmentName name = new(first.DiskId, SegmentKind.Pack, first.Epoch, first.FirstSequence, group[^1].Name.LastSequence, revision);
        try
        {
            using PackWriter writer = new(opener.Store, name);
            foreach (CompactionCandidate candidate in group)
            {
                SegmentTable table = await opener.ReadTableAsync(candidate.Name, cancellationToken).ConfigureAwait(false);
                for (int i = 0; i < table.Changes.Length; i++)
                {
                    await writer.AddAsync(table, i, live, cancellationToken).ConfigureAwait(false);
                }

                await budget.SpendAsync(candidate.Bytes - candidate.DeadBytes, cancellationToken).ConfigureAwait(false);
            }

            using SealedObject pack = writer.Seal(opener.Keys.For(name.Epoch));
            await opener.Store.PutAsync(name, pack.Memory, cancellationToken).ConfigureAwait(false);
            await budget.SpendAsync(pack.Memory.Length, cancellationToken).ConfigureAwait(false);
            foreach (CompactionCandidate candidate in group)
            {
                await opener.Store.DeleteAsync(candidate.Name, cancellationToken).ConfigureAwait(false);
                facts.Forget(candidate.Name);
            }

            return pack.Memory.Length;
        }
        catch (StoredObjectException error)
        {
            _damaged.Add(error.Message);
            return null;
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.WriterFenced)
        {
            // Another compaction has made a pack of this stretch meanwhile, of a moment that kept something else. Its pack counts.
            return null;
        }
    }

    /// <summary>Deletes the index runs that no kept position is opened with, and that a larger one stands for.</summary>
    private async Task<int> DeleteRunsAsync(CancellationToken cancellationToken)
    {
        HashSet<SegmentName> used = [];
        HashSet<SegmentName> verified = [];
        for (bool isSettled = false; !isSettled;)
        {
            used = [.. kept.Append(head).SelectMany(branch => opener.ChooseRuns(map, branch, 0)), .. _intervals.SelectMany(interval => opener.ChooseRuns(map, interval.Branch, interval.After))];
            isSettled = true;
            foreach (IReadOnlyList<SegmentName> parts in map.Runs.Where(parts => used.Contains(parts[0]) && !verified.Contains(parts[0])))
            {
                // One that cannot be opened is passed over from here on, and the choice changes.
                isSettled &= await opener.TryOpenAsync(parts, cancellationToken).ConfigureAwait(false) is not null;
                verified.Add(parts[0]);
            }
        }

        int deleted = 0;
        foreach (IReadOnlyList<SegmentName> parts in map.Runs)
        {
            SegmentName run = parts[0];
            bool isInside = used.Any(larger => larger != run && larger.FirstSequence <= run.FirstSequence && larger.LastSequence >= run.LastSequence);
            bool servesAnyPosition = head.Has(run.Epoch, run.LastSequence) && run.LastSequence > continuousFrom;
            if (!used.Contains(run) && isInside && !servesAnyPosition)
            {
                foreach (SegmentName part in parts.Reverse())
                {
                    await opener.Store.DeleteAsync(part, cancellationToken).ConfigureAwait(false);
                }

                deleted++;
            }
        }

        return deleted;
    }

    /// <summary>
    /// What an interval shows at its end. A stretch of which nothing is known hides what lies below it only until its object is whole again, so what lies below is
    /// shown as well.
    /// </summary>
    private async IAsyncEnumerable<Extent> ScanAsync(KeptInterval interval, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!_opened.TryGet(interval, out LayerStack[]? stacks))
        {
            (_, List<PlacedLayer> layers) = await opener.OpenFreshAsync(map, interval.Branch, interval.After, cancellationToken).ConfigureAwait(false);
            stacks = CutAtUnknown(layers);
            _opened.Add(interval, stacks, layers.Sum(static layer => layer.Layer.MemoryBytes));
        }

        foreach (LayerStack stack in stacks)
        {
            await foreach (Extent extent in stack.ScanAsync(opener.DiskSectors, cancellationToken).ConfigureAwait(false))
            {
                yield return extent;
            }
        }
    }

    private static LayerStack[] CutAtUnknown(List<PlacedLayer> layers)
    {
        List<List<PlacedLayer>> parts = [[]];
        foreach (PlacedLayer layer in layers)
        {
            if (layer.Layer is UnknownLayer)
            {
                parts.Add([]);
            }
            else
            {
                parts[^1].Add(layer);
            }
        }

        return [.. parts.Where(static part => part.Count > 0).Select(LayerStack.Of)];
    }
}
