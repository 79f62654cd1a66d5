using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>The parts that make up one position, oldest first, and what follows from them. Immutable.</summary>
internal sealed class Branch(IReadOnlyList<BranchPart> parts)
{
    public IReadOnlyList<BranchPart> Parts => parts;

    /// <summary>The last change; 0 for a position before the first.</summary>
    public long End => parts.Count == 0 ? 0 : parts[^1].UpTo;

    /// <summary>The position in its only form: the epoch is the one that wrote the last change.</summary>
    public StreamPosition Position => parts.Count == 0 ? default : new StreamPosition(parts[^1].Epoch, parts[^1].UpTo);

    /// <summary>The epoch that wrote a change of the branch, or 0 for one that is not on it.</summary>
    public int EpochOf(long sequence)
    {
        int at = Find(sequence);
        return at < 0 ? 0 : parts[at].Epoch;
    }

    /// <summary>Whether a position lies on the branch: its epoch's share reaches it.</summary>
    public bool Has(int epoch, long sequence) => EpochOf(sequence) == epoch;

    /// <summary>The same branch, going on with all that one more epoch writes.</summary>
    public Branch Continue(int epoch) => new([.. parts, new BranchPart(epoch, End, long.MaxValue)]);

    /// <summary>The branch's changes up to and including <paramref name="end"/>.</summary>
    public Branch Until(long end)
    {
        List<BranchPart> cut = [];
        foreach (BranchPart part in parts)
        {
            if (part.After < end)
            {
                cut.Add(part with { UpTo = long.Min(part.UpTo, end) });
            }
        }

        return new Branch(cut);
    }

    private int Find(long sequence)
    {
        int low = 0;
        int high = parts.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (parts[middle].UpTo >= sequence)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low < parts.Count && parts[low].After < sequence ? low : -1;
    }
}
