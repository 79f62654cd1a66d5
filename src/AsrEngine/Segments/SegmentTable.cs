using System;
using Asr.Engine.Vault;

namespace Asr.Engine.Segments;

/// <summary>An opened segment's authenticated table: what it changes and where the contents lie. Immutable.</summary>
internal sealed class SegmentTable
{
    private readonly Change[] _changes;

    public SegmentTable(in SegmentName name, ulong nonceBase, Change[] changes)
    {
        Name = name;
        NonceBase = nonceBase;
        _changes = changes;
    }

    public SegmentName Name { get; }

    public ulong NonceBase { get; }

    /// <summary>In stream order; <see cref="Change.PayloadOffset"/> counts from the object's beginning.</summary>
    public ReadOnlySpan<Change> Changes => _changes;

    /// <summary>Roughly what it takes in memory.</summary>
    public long MemoryBytes => 64 + (64L * _changes.Length);
}
