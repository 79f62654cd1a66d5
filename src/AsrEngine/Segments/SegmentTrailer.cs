using System;
using System.Buffers.Binary;
using System.IO.Hashing;

namespace Asr.Engine.Segments;

/// <summary>
/// Last 64 bytes of every sealed object; docs/formats/segment.md describes it. It lies at the end so that one read of a file's tail tells
/// all that is needed to open it. Its checksum tells damage from a wrong key; the sealed index authenticates it.
/// </summary>
/// <param name="NonceBase">Counter of the first nonce; the object uses <paramref name="Count"/> + 1 of them.</param>
/// <param name="Count">Entries of the index.</param>
/// <param name="IndexBytes">Length of the sealed index without its tag.</param>
/// <param name="PayloadBytes">Length of everything before the index.</param>
/// <param name="Salt">Empty for an object under its epoch's data key; else what its own key is derived with (index runs and packs).</param>
internal readonly record struct SegmentTrailer(ulong NonceBase, int Count, int IndexBytes, long PayloadBytes, Guid Salt = default)
{
    public const int Bytes = 64;
    public const ushort Version = 2;

    // What has no salt is written as, and is, version 1.
    private const ushort UnsaltedVersion = 1;

    private const uint Magic = 0x53525341; // "ASRS"
    private const int ChecksumAt = 56;

    /// <summary>Length of the whole object.</summary>
    public long ObjectBytes => PayloadBytes + IndexBytes + SegmentCipher.TagBytes + Bytes;

    public void Write(Span<byte> trailer)
    {
        trailer[..Bytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, Magic);
        ushort version = Salt == Guid.Empty ? UnsaltedVersion : Version;
        BinaryPrimitives.WriteUInt16LittleEndian(trailer[4..], version);
        BinaryPrimitives.WriteUInt16LittleEndian(trailer[6..], version);
        BinaryPrimitives.WriteUInt64LittleEndian(trailer[8..], NonceBase);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[16..], Count);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[20..], IndexBytes);
        BinaryPrimitives.WriteInt64LittleEndian(trailer[24..], PayloadBytes);
        Salt.TryWriteBytes(trailer[32..]);
        BinaryPrimitives.WriteUInt64LittleEndian(trailer[ChecksumAt..], XxHash3.HashToUInt64(trailer[..ChecksumAt]));
    }

    /// <summary>Reads and checks; else says what is wrong, in words that follow "it".</summary>
    public static bool TryRead(ReadOnlySpan<byte> trailer, out SegmentTrailer value, out string problem)
    {
        value = default;
        if (BinaryPrimitives.ReadUInt32LittleEndian(trailer) != Magic)
        {
            problem = "does not end with the magic number";
            return false;
        }

        if (BinaryPrimitives.ReadUInt64LittleEndian(trailer[ChecksumAt..]) != XxHash3.HashToUInt64(trailer[..ChecksumAt]))
        {
            problem = "has a trailer that fails its checksum";
            return false;
        }

        ushort minReader = BinaryPrimitives.ReadUInt16LittleEndian(trailer[6..]);
        if (minReader > Version)
        {
            problem = $"needs a reader of version {minReader}, this one is {Version}";
            return false;
        }

        value = new SegmentTrailer(
            BinaryPrimitives.ReadUInt64LittleEndian(trailer[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(trailer[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(trailer[20..]),
            BinaryPrimitives.ReadInt64LittleEndian(trailer[24..]),
            new Guid(trailer.Slice(32, 16)));
        problem = "has a trailer with impossible numbers";
        return value.Count >= 0 && value.IndexBytes >= 0 && value.PayloadBytes >= 0;
    }
}
