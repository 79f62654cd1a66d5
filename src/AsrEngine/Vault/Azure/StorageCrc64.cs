using System;
using System.Buffers.Binary;

namespace Asr.Engine.Vault.Azure;

/// <summary>The CRC64 of Azure Storage: CRC-64/NVME, polynomial 0xAD93D23594C93659, reflected. One owner.</summary>
internal struct StorageCrc64()
{
    private const ulong Polynomial = 0x9A6C9329AC4BC9B5;
    private const int Slices = 16;

    // One table for each of sixteen bytes that are taken at once.
    private static readonly ulong[] s_tables = MakeTables();

    private ulong _state = ulong.MaxValue;

    /// <summary>The checksum of all that was appended.</summary>
    public readonly ulong Value => ~_state;

    /// <summary>The checksum as the storage wants it: eight bytes, the lowest first.</summary>
    public readonly byte[] ToBytes()
    {
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Value);
        return bytes;
    }

    /// <summary>Goes on with more content.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        ReadOnlySpan<ulong> tables = s_tables;
        ulong crc = _state;
        while (content.Length >= Slices)
        {
            ulong low = BinaryPrimitives.ReadUInt64LittleEndian(content) ^ crc;
            ulong high = BinaryPrimitives.ReadUInt64LittleEndian(content[8..]);
            crc = 0;
            for (int i = 0; i < 8; i++)
            {
                crc ^= tables[((Slices - 1 - i) << 8) + (byte)(low >> (8 * i))] ^ tables[((7 - i) << 8) + (byte)(high >> (8 * i))];
            }

            content = content[Slices..];
        }

        foreach (byte value in content)
        {
            crc = tables[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        _state = crc;
    }

    private static ulong[] MakeTables()
    {
        ulong[] tables = new ulong[Slices << 8];
        for (int value = 0; value < 256; value++)
        {
            ulong crc = (ulong)value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ Polynomial : crc >> 1;
            }

            tables[value] = crc;
        }

        for (int i = 256; i < tables.Length; i++)
        {
            ulong before = tables[i - 256];
            tables[i] = tables[(byte)before] ^ (before >> 8);
        }

        return tables;
    }
}
