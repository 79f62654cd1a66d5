using System;
using System.IO.Hashing;
using K4os.Compression.LZ4;

namespace Asr.Engine.Segments;

/// <summary>Compresses, expands and hashes the content of one change. Stateless and thread-safe.</summary>
public static class ChunkCodec
{
    /// <summary>Content hash: XXH3-128. Finds damage, not malice; at rest the authenticated encryption stands against that.</summary>
    public static UInt128 Hash(ReadOnlySpan<byte> content) => XxHash128.HashToUInt128(content);

    /// <summary>
    /// Stores content in <paramref name="stored"/> by LZ4, or as it is when that would save less than 1/16: such data is
    /// mostly compressed already and would only cost time again when read. Give it as much room as the content has.
    /// </summary>
    public static ChunkEncoding Encode(ReadOnlySpan<byte> content, Span<byte> stored, out int storedLength)
    {
        int worthwhile = content.Length - (content.Length / 16);
        int written = Lz4Encoder.Encode(content, stored[..worthwhile]);
        if (written > 0)
        {
            storedLength = written;
            return ChunkEncoding.Lz4;
        }

        content.CopyTo(stored);
        storedLength = content.Length;
        return ChunkEncoding.None;
    }

    /// <summary>
    /// Restores content and checks its hash. False when the bytes are not what was stored; then <paramref name="content"/> is
    /// undefined. Never reads or writes outside the spans, whatever the input.
    /// </summary>
    public static bool TryDecode(ChunkEncoding encoding, ReadOnlySpan<byte> stored, Span<byte> content, UInt128 hash)
    {
        switch (encoding)
        {
            case ChunkEncoding.None when stored.Length == content.Length:
                stored.CopyTo(content);
                break;
            case ChunkEncoding.Lz4 when LZ4Codec.Decode(stored, content) == content.Length:
                break;
            default:
                return false;
        }

        return Hash(content) == hash;
    }
}
