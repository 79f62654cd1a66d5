using System.Collections.Generic;
using System.Linq;

namespace Asr.Engine.Vault.Compaction;

/// <summary>A segment or pack as compaction sees it.</summary>
/// <param name="Name">The object.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="DeadBytes">What of it no kept position needs, about.</param>
/// <param name="Entries">Entries of its table.</param>
/// <param name="IsFree">Whether it may be written anew: every position that is kept whole lies after it.</param>
internal readonly record struct CompactionCandidate(SegmentName Name, long Bytes, long DeadBytes, int Entries, bool IsFree)
{
    /// <summary>Dead bytes for each stored one.</summary>
    public double DeadShare => Bytes == 0 ? 0 : (double)DeadBytes / Bytes;
}

/// <summary>Decides which objects are written anew, and which of them together. Pure.</summary>
internal static class CompactionPlanner
{
    // Below what a pack may have, since a change that is cut has several entries.
    private const int GroupEntriesMax = 64 << 10;

    /// <summary>The groups, each of objects side by side in one epoch that become one pack.</summary>
    /// <param name="candidates">By epoch and stream order, only those whose stretch is wholly read from them.</param>
    /// <param name="options">Thresholds.</param>
    public static List<List<CompactionCandidate>> Plan(IReadOnlyList<CompactionCandidate> candidates, CompactionOptions options)
    {
        HashSet<SegmentName> chosen = [.. ChooseDead(candidates, options), .. ChooseSmall(candidates, options)];
        List<List<CompactionCandidate>> groups = [];
        long groupBytes = 0;
        int groupEntries = 0;
        foreach (CompactionCandidate candidate in candidates)
        {
            if (!chosen.Contains(candidate.Name))
            {
                continue;
            }

            long live = candidate.Bytes - candidate.DeadBytes;
            bool follows = groups.Count > 0
                && groups[^1][^1].Name.Epoch == candidate.Name.Epoch
                && groups[^1][^1].Name.LastSequence + 1 == candidate.Name.FirstSequence
                && groupBytes + live <= options.PackBytes
                && groupEntries + candidate.Entries <= GroupEntriesMax;
            if (!follows)
            {
                groups.Add([]);
                groupBytes = 0;
                groupEntries = 0;
            }

            groups[^1].Add(candidate);
            groupBytes += live;
            groupEntries += candidate.Entries;
        }

        return groups;
    }

    // Those with the largest dead shares first, until few enough dead bytes are left, also for the compaction after this one.
    private static IEnumerable<SegmentName> ChooseDead(IReadOnlyList<CompactionCandidate> candidates, CompactionOptions options)
    {
        long bytes = candidates.Sum(static candidate => candidate.Bytes);
        CompactionCandidate[] dead = [.. candidates
            .Where(static candidate => candidate.IsFree && candidate.DeadBytes > 0)
            .OrderByDescending(static candidate => candidate.DeadShare)];
        long total = dead.Sum(static candidate => candidate.DeadBytes);
        long left = total;
        return total < bytes * options.DeadShareMin
            ? []
            : dead.TakeWhile(candidate =>
            {
                bool goesOn = left > total * options.DeadShareLeft || left > (bytes - total + left) * options.DeadShareMin;
                left -= candidate.DeadBytes;
                return goesOn;
            }).Select(static candidate => candidate.Name);
    }

    private static List<SegmentName> ChooseSmall(IReadOnlyList<CompactionCandidate> candidates, CompactionOptions options)
    {
        List<SegmentName> chosen = [];
        List<SegmentName> adjacent = [];
        foreach (CompactionCandidate candidate in candidates)
        {
            bool isSmall = candidate.IsFree && candidate.Bytes < options.SmallBytes;
            bool follows = adjacent.Count > 0 && adjacent[^1].Epoch == candidate.Name.Epoch && adjacent[^1].LastSequence + 1 == candidate.Name.FirstSequence;
            if (!isSmall || !follows)
            {
                Close();
            }

            if (isSmall)
            {
                adjacent.Add(candidate.Name);
            }
        }

        Close();
        return chosen;

        void Close()
        {
            if (adjacent.Count >= options.SmallObjectsMin)
            {
                chosen.AddRange(adjacent);
            }

            adjacent.Clear();
        }
    }
}
