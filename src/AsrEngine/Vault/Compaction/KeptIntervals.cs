using System.Collections.Generic;
using System.Linq;

namespace Asr.Engine.Vault.Compaction;

/// <summary>What a kept position adds to the kept position before it: its branch's changes above <paramref name="After"/>.</summary>
/// <param name="Branch">The branch up to the position.</param>
/// <param name="After">The nearest kept position on the same branch, or 0.</param>
internal readonly record struct KeptInterval(Branch Branch, long After);

/// <summary>
/// Cuts the tree of kept positions into intervals. A change that is not shown at the end of its interval is shown at no kept position: whatever hides it in
/// the interval hides it at every later position too, and the positions before come before it. So what must be kept follows from each interval by itself. Pure.
/// </summary>
internal static class KeptIntervals
{
    /// <summary>The intervals of these positions, given as branches; positions that are given twice count once.</summary>
    public static List<KeptInterval> Cut(IEnumerable<Branch> kept)
    {
        List<Branch> branches = [.. kept.Where(static branch => branch.End > 0).DistinctBy(static branch => branch.Position)];
        Dictionary<int, List<long>> byEpoch = branches
            .GroupBy(static branch => branch.Position.Epoch)
            .ToDictionary(static epoch => epoch.Key, static epoch => epoch.Select(static branch => branch.End).Order().ToList());
        return [.. branches.Select(branch => new KeptInterval(branch, FindBefore(branch, byEpoch)))];
    }

    private static long FindBefore(Branch branch, Dictionary<int, List<long>> byEpoch)
    {
        for (int i = branch.Parts.Count - 1; i >= 0; i--)
        {
            BranchPart part = branch.Parts[i];
            if (!byEpoch.TryGetValue(part.Epoch, out List<long>? sequences))
            {
                continue;
            }

            // The largest below the position itself; what lies beyond the part is on another branch.
            int at = sequences.BinarySearch(long.Min(part.UpTo, branch.End - 1));
            at = at < 0 ? ~at - 1 : at;
            if (at >= 0 && sequences[at] > part.After)
            {
                return sequences[at];
            }
        }

        return 0;
    }
}
