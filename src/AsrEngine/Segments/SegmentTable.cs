using System;
using Asr.Engine.Vault;

namespace Asr.Engine.Segments;

/// <summary>An opened segment's or pack's authenticated table: what it changes and where the contents lie. Immutable.</summary>
internal sealed class SegmentTable
{
    private readonly Change[] _changes;

    public SegmentTable(in SegmentName name, ulong nonceBase, SegmentCipher cipher, Change[] changes)
    {
        Name = name;
        NonceBase = nonceBase;
        Cipher = cipher;
        _changes = changes;
    }

    public SegmentName Name { get; }

    public ulong NonceBase { get; }

    /// <summary>What the contents are sealed with.</summary>
    public SegmentCipher Cipher { get; }

    /// <summary>In stream order, parts of one change by offset; <see cref="Change.PayloadOffset"/> counts from the object's beginning.</summary>
    public ReadOnlySpan<Change> Changes => _changes;

    /// <summary>Roughly what it takes in memory.</summary>
    public long MemoryBytes => 256 + (64L * _changes.Length);

    /// <summary>The entry that holds a byte of a change, or -1.</summary>
    public int Find(long sequence, long offset)
    {
        int low = 0;
        int high = _changes.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            ref readonly Change change = ref _changes[middle];
            if (change.Sequence < sequence || (change.Sequence == sequence && change.End <= offset))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < _changes.Length && _changes[low].Sequence == sequence && _changes[low].Offset <= offset ? low : -1;
    }
}
