using System;
using System.Buffers.Binary;
using System.Text;
using Asr.Contracts;
using System.IO.Hashing;

namespace Asr.Engine.Blocks;

/// <summary>
/// Layout of an overlay file, all numbers little-endian:
/// header (4096 bytes) | live map | stable map | data, one byte of data per byte of the disk, sparse.
/// A map holds one bit per 4096-byte block, block 0 in the lowest bit of the first byte, padded to 4096 bytes.
/// Header: magic "ASROVL01" (8), minimum reader version (4), block bytes (4), disk length (8), boot id (16), length of the base id (4),
/// base id (UTF-8, at most 1024), zeros, XXH64 of the first 4088 bytes (8).
/// </summary>
internal static class OverlayFormat
{
    public const int HeaderBytes = 4096;
    public const int BlockBytes = 4096;
    public const int BaseIdBytesMax = 1024;

    private const int Version = 1;
    private const int BaseIdStart = 44;

    private static ReadOnlySpan<byte> Magic => "ASROVL01"u8;

    /// <summary>Number of blocks of a disk; the last may be short.</summary>
    public static long BlockCount(long diskLength) => (diskLength + BlockBytes - 1) / BlockBytes;

    /// <summary>Bytes of one map in the file.</summary>
    public static long MapBytes(long diskLength) => ((BlockCount(diskLength) + 7) / 8 + BlockBytes - 1) / BlockBytes * BlockBytes;

    /// <summary>Where the stable map starts; the live map follows the header.</summary>
    public static long StableMapStart(long diskLength) => HeaderBytes + MapBytes(diskLength);

    /// <summary>Where the data starts.</summary>
    public static long DataStart(long diskLength) => HeaderBytes + 2 * MapBytes(diskLength);

    /// <summary>Size of the whole file.</summary>
    public static long FileLength(long diskLength) => DataStart(diskLength) + diskLength;

    public static void WriteHeader(Span<byte> header, long diskLength, string baseId, Guid bootId)
    {
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], BlockBytes);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], diskLength);
        bootId.TryWriteBytes(header[24..]);
        int idBytes = Encoding.UTF8.GetBytes(baseId, header.Slice(BaseIdStart, BaseIdBytesMax));
        BinaryPrimitives.WriteInt32LittleEndian(header[40..], idBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(header[^8..], XxHash64.HashToUInt64(header[..^8]));
    }

    /// <summary>Checks a header against what the caller expects and returns the boot id of the last writer.</summary>
    public static Guid ReadHeader(ReadOnlySpan<byte> header, string path, long diskLength, string baseId)
    {
        if (!header.StartsWith(Magic) || BinaryPrimitives.ReadUInt64LittleEndian(header[^8..]) != XxHash64.HashToUInt64(header[..^8]))
        {
            throw Refused(AsrErrorCode.DiskUnreadable, path, "its header is damaged or it is not an overlay");
        }

        int version = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        int blockBytes = BinaryPrimitives.ReadInt32LittleEndian(header[12..]);
        if (version != Version || blockBytes != BlockBytes)
        {
            throw Refused(AsrErrorCode.DiskUnsupported, path, $"it needs reader version {version} with blocks of {blockBytes} bytes");
        }

        long length = BinaryPrimitives.ReadInt64LittleEndian(header[16..]);
        if (length != diskLength)
        {
            throw Refused(AsrErrorCode.DiskSizeChanged, path, $"it was made for a disk of {length} bytes, and this one has {diskLength}");
        }

        int idBytes = BinaryPrimitives.ReadInt32LittleEndian(header[40..]);
        if (idBytes is < 0 or > BaseIdBytesMax || Encoding.UTF8.GetString(header.Slice(BaseIdStart, idBytes)) != baseId)
        {
            throw Refused(AsrErrorCode.DiskUnsupported, path, $"it was not made over '{baseId}'");
        }

        return new Guid(header.Slice(24, 16));
    }

    private static AsrException Refused(AsrErrorCode code, string path, string reason) =>
        new(code, $"Overlay '{path}' cannot be used: {reason}.", "Remove the overlay file to start again from the base.", path);
}
