using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>One epoch's share of a branch: its changes after <paramref name="After"/> up to and including <paramref name="UpTo"/>.</summary>
internal readonly record struct BranchPart(int Epoch, long After, long UpTo);

/// <summary>Which epochs' changes make up a position. Pure.</summary>
internal static class EpochTree
{
    /// <summary>
    /// The parts of a position, oldest first; empty for a position before the first change. Null when the position is not part of the
    /// tree: an unknown epoch, or beyond what counts of it.
    /// </summary>
    /// <param name="document">The disk.</param>
    /// <param name="position">The position.</param>
    /// <param name="newestHead">Last change stored of the newest epoch, for which the document names no end.</param>
    public static List<BranchPart>? FindBranch(DiskDocument document, StreamPosition position, long newestHead)
    {
        List<BranchPart> parts = [];
        StreamPosition at = position;
        while (at.Epoch != 0)
        {
            DiskEpoch? epoch = Find(document, at.Epoch);
            if (epoch?.Parent is not StreamPosition parent || parent.Epoch >= epoch.Number)
            {
                return null;
            }

            // Only the position asked for can lie beyond the end: a parent position was checked when it was made. It is checked all the
            // same, because the document is input like any other.
            if (at.Sequence > (epoch.EndSequence ?? newestHead))
            {
                return null;
            }

            if (at.Sequence > parent.Sequence)
            {
                parts.Add(new BranchPart(epoch.Number, parent.Sequence, at.Sequence));
            }

            // A position at or before the fork lies in the parent; so does the rest of this one.
            at = new StreamPosition(parent.Epoch, long.Min(at.Sequence, parent.Sequence));
        }

        if (at.Sequence != 0)
        {
            return null;
        }

        parts.Reverse();
        return parts;
    }

    /// <summary>The newest epoch whose parent is known, or null.</summary>
    public static DiskEpoch? NewestSettled(DiskDocument document)
    {
        for (int i = document.Epochs.Count - 1; i >= 0; i--)
        {
            if (document.Epochs[i].Parent is not null)
            {
                return document.Epochs[i];
            }
        }

        return null;
    }

    /// <summary>The epoch, or null.</summary>
    public static DiskEpoch? Find(DiskDocument document, int number)
    {
        foreach (DiskEpoch epoch in document.Epochs)
        {
            if (epoch.Number == number)
            {
                return epoch;
            }
        }

        return null;
    }
}
