using System;
using System.Buffers.Binary;
using System.IO.Hashing;
using Asr.Contracts;

namespace Asr.Engine.Segments;

/// <summary>
/// Layout of a batch, the unit that travels from agent to process server; docs/formats/batch.md describes it.
/// Header, stored contents in stream order, then one fixed-size table entry per change. Little endian throughout.
/// </summary>
internal static class ChangeBatchFormat
{
    public const uint Magic = 0x42525341; // "ASRB"
    public const ushort Version = 1;
    public const int HeaderBytes = 64;
    public const int EntryBytes = 40;

    private const int ChecksumAt = 56;

    public static void WriteHeader(Span<byte> batch, Guid diskId, int epoch, long firstSequence, int count, int payloadBytes)
    {
        Span<byte> header = batch[..HeaderBytes];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], Version);
        diskId.TryWriteBytes(header[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], epoch);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], count);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], firstSequence);
        BinaryPrimitives.WriteInt32LittleEndian(header[40..], payloadBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(header[ChecksumAt..], Checksum(batch, payloadBytes));
    }

    /// <summary>Covers header and table; the contents have hashes of their own in the table.</summary>
    public static ulong Checksum(ReadOnlySpan<byte> batch, int payloadBytes)
    {
        XxHash3 hash = new();
        hash.Append(batch[..ChecksumAt]);
        hash.Append(batch[(HeaderBytes + payloadBytes)..]);
        return hash.GetCurrentHashAsUInt64();
    }

    public static ulong StoredChecksum(ReadOnlySpan<byte> batch) => BinaryPrimitives.ReadUInt64LittleEndian(batch[ChecksumAt..]);

    public static void WriteEntry(Span<byte> entry, in Change change)
    {
        entry[..EntryBytes].Clear();
        BinaryPrimitives.WriteInt64LittleEndian(entry, change.Offset);
        BinaryPrimitives.WriteInt32LittleEndian(entry[8..], change.Length);
        BinaryPrimitives.WriteInt32LittleEndian(entry[12..], change.StoredLength);
        entry[16] = (byte)change.Kind;
        entry[17] = (byte)change.Encoding;
        BinaryPrimitives.WriteUInt128LittleEndian(entry[24..], change.Hash);
    }

    public static Change ReadEntry(ReadOnlySpan<byte> entry, long sequence, int payloadOffset) => new(
        sequence,
        BinaryPrimitives.ReadInt64LittleEndian(entry),
        BinaryPrimitives.ReadInt32LittleEndian(entry[8..]),
        (ChangeKind)entry[16],
        (ChunkEncoding)entry[17],
        BinaryPrimitives.ReadInt32LittleEndian(entry[12..]),
        payloadOffset,
        BinaryPrimitives.ReadUInt128LittleEndian(entry[24..]));

    /// <summary>Whether kind, encoding and lengths go together.</summary>
    public static bool HasRightShape(in Change change) => change.Kind switch
    {
        ChangeKind.Data => change.Length is > 0 and <= ReplicationLimits.ChangeBytesMax
            && change.StoredLength > 0
            && change.StoredLength <= change.Length
            && change.Encoding is ChunkEncoding.None or ChunkEncoding.Lz4
            && (change.Encoding != ChunkEncoding.None || change.StoredLength == change.Length),
        ChangeKind.Zero => change.Length is > 0 and <= Change.ZeroBytesMax
            && change.StoredLength == 0
            && change.Encoding == ChunkEncoding.None,
        _ => false,
    };

    /// <summary>Whether the range lies on sectors and inside the disk.</summary>
    public static bool IsInside(in Change change, long diskBytes) =>
        (change.Offset | (uint)change.Length) % 512 == 0 && change.Offset >= 0 && change.Offset <= diskBytes - change.Length;
}
