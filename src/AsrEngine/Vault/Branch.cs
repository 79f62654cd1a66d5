using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>The parts that make up one position, oldest first, and what follows from them. Immutable.</summary>
internal sealed class Branch(IReadOnlyList<BranchPart> parts)
{
    private readonly BranchPart[] _parts = [.. parts];

    public IReadOnlyList<BranchPart> Parts => _parts;

    /// <summary>The last change; 0 for a position before the first.</summary>
    public long End => _parts.Length == 0 ? 0 : _parts[^1].UpTo;

    /// <summary>The position in its only form: the epoch is the one that wrote the last change.</summary>
    public StreamPosition Position => _parts.Length == 0 ? default : new StreamPosition(_parts[^1].Epoch, _parts[^1].UpTo);

    /// <summary>The epoch that wrote a change of the branch, or 0 for one that is not on it.</summary>
    public int EpochOf(long sequence)
    {
        int at = Find(sequence);
        return at < 0 ? 0 : _parts[at].Epoch;
    }

    /// <summary>Whether a position lies on the branch: its epoch's share reaches it.</summary>
    public bool Has(int epoch, long sequence) => EpochOf(sequence) == epoch;

    /// <summary>The same branch, going on with all that one more epoch writes.</summary>
    public Branch Continue(int epoch) => new([.. _parts, new BranchPart(epoch, End, long.MaxValue)]);

    /// <summary>The branch's changes up to and including <paramref name="end"/>.</summary>
    public Branch Until(long end)
    {
        List<BranchPart> cut = [];
        foreach (BranchPart part in _parts)
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
        int at = Bisection.FindFirst<BranchPart, long>(_parts, sequence, static (in BranchPart part, long place) => part.UpTo >= place);
        return at < _parts.Length && _parts[at].After < sequence ? at : -1;
    }
}
