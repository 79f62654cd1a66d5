using System;
using System.Buffers.Binary;
using System.IO.Hashing;

namespace Asr.Oracle.Tests.Checking;

/// <summary>
/// The content of every sector that the workload writes: which write put it there, and where. A sector that lost its way, was
/// mixed from two writes or comes from another run cannot pass for a right one.
/// </summary>
internal static class SectorStamp
{
    public const int SectorBytes = 512;

    private const ulong Magic = 0x3052415453525341; // "ASRSTAR0"
    private const int ChecksumAt = SectorBytes - sizeof(ulong);

    public static void Write(Span<byte> sector, uint disk, ulong run, int writeId, long lba)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(sector, Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(sector[8..], run);
        BinaryPrimitives.WriteUInt32LittleEndian(sector[16..], disk);
        BinaryPrimitives.WriteInt32LittleEndian(sector[20..], writeId);
        BinaryPrimitives.WriteInt64LittleEndian(sector[24..], lba);

        // Half noise, half repetition, so that both ways of storing content are exercised.
        ulong noise = unchecked(((ulong)writeId * 0x9E3779B97F4A7C15) ^ (ulong)lba);
        for (int at = 32; at < ChecksumAt; at += sizeof(ulong))
        {
            if (at < 256)
            {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
            }

            BinaryPrimitives.WriteUInt64LittleEndian(sector[at..], noise);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(sector[ChecksumAt..], Crc64.HashToUInt64(sector[..ChecksumAt]));
    }

    /// <summary>The id of the write that the sector shows; false with the reason when it is no valid stamp for this place.</summary>
    public static bool TryRead(ReadOnlySpan<byte> sector, uint disk, ulong run, long lba, out int writeId, out string? fault)
    {
        writeId = BinaryPrimitives.ReadInt32LittleEndian(sector[20..]);
        fault =
            BinaryPrimitives.ReadUInt64LittleEndian(sector) != Magic ? "has no stamp"
            : BinaryPrimitives.ReadUInt64LittleEndian(sector[ChecksumAt..]) != Crc64.HashToUInt64(sector[..ChecksumAt]) ? "has a broken stamp"
            : BinaryPrimitives.ReadUInt64LittleEndian(sector[8..]) != run ? "comes from another run"
            : BinaryPrimitives.ReadUInt32LittleEndian(sector[16..]) != disk ? $"belongs to disk {BinaryPrimitives.ReadUInt32LittleEndian(sector[16..])}"
            : BinaryPrimitives.ReadInt64LittleEndian(sector[24..]) != lba ? $"belongs at sector {BinaryPrimitives.ReadInt64LittleEndian(sector[24..])}"
            : null;
        return fault is null;
    }
}
