using System;
using System.Buffers.Binary;

namespace Asr.Engine.Segments;

/// <summary>
/// Layout of a pack's index; docs/formats/pack.md describes it. A pack holds only some of its stretch's changes, and of some only parts, so that each entry
/// tells its sequence.
/// </summary>
internal static class PackFormat
{
    /// <summary>Entries of a pack at most.</summary>
    public const int EntriesMax = 1 << 18;

    /// <summary>Bytes of content of a pack at most, before its tags; a bound for readers, writers stay far below.</summary>
    public const int ContentBytesMax = 512 << 20;

    public const int EntryBytes = sizeof(long) + ChangeBatchFormat.EntryBytes;

    public static void WriteEntry(Span<byte> entry, in Change change)
    {
        BinaryPrimitives.WriteInt64LittleEndian(entry, change.Sequence);
        ChangeBatchFormat.WriteEntry(entry[sizeof(long)..], change);
    }

    public static Change ReadEntry(ReadOnlySpan<byte> entry, int payloadOffset) =>
        ChangeBatchFormat.ReadEntry(entry[sizeof(long)..], BinaryPrimitives.ReadInt64LittleEndian(entry), payloadOffset);
}
