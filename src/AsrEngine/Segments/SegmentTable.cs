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
        int at = Bisection.FindFirst<Change, (long Sequence, long Offset)>(
            _changes,
            (sequence, offset),
            static (in Change change, (long Sequence, long Offset) place) =>
                change.Sequence > place.Sequence || (change.Sequence == place.Sequence && change.End > place.Offset));
        return at < _changes.Length && _changes[at].Sequence == sequence && _changes[at].Offset <= offset ? at : -1;
    }
}
