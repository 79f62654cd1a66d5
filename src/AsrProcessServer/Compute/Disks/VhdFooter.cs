using System;
using System.Buffers.Binary;
using Asr.Contracts;

namespace Asr.ProcessServer.Compute.Disks;

/// <summary>
/// The last 512 bytes of a fixed VHD, as "Virtual Hard Disk Image Format Specification" 1.0 has them. Pure: the same arguments give the same bytes.
/// </summary>
internal static class VhdFooter
{
    /// <summary>Its size.</summary>
    public const int Bytes = 512;

    /// <summary>The largest disk of the format, 2040 GiB.</summary>
    public const long DiskBytesMax = 2040L << 30;

    private const long Mebibyte = 1 << 20;
    private const int SectorBytes = 512;
    private const int ChecksumOffset = 64;

    // The largest geometry that the format can say; disks beyond it have this one.
    private const long GeometrySectorsMax = 65_535L * 16 * 255;

    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The size of the VHD of a disk: whole MiB, which Azure demands.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.DiskUnsupported"/> beyond <see cref="DiskBytesMax"/>.</exception>
    public static long RoundUp(long diskBytes) => diskBytes <= DiskBytesMax
        ? (diskBytes + Mebibyte - 1) / Mebibyte * Mebibyte
        : throw new AsrException(
            AsrErrorCode.DiskUnsupported, $"A disk of {diskBytes} bytes is too large for a VHD, which ends at {DiskBytesMax}.", "Export it as Raw or Qcow2.");

    /// <summary>Makes the footer.</summary>
    /// <param name="diskBytes">Size as <see cref="RoundUp"/> gives it.</param>
    /// <param name="identity">The disk's unique id.</param>
    /// <param name="time">Its time of creation.</param>
    public static byte[] Create(long diskBytes, Guid identity, DateTimeOffset time)
    {
        byte[] footer = new byte[Bytes];
        Span<byte> span = footer;
        "conectix"u8.CopyTo(span);
        BinaryPrimitives.WriteUInt32BigEndian(span[8..], 2); // Features: the bit that is always set.
        BinaryPrimitives.WriteUInt32BigEndian(span[12..], 0x0001_0000); // Version of the format.
        BinaryPrimitives.WriteUInt64BigEndian(span[16..], ulong.MaxValue); // No header follows: fixed.
        BinaryPrimitives.WriteUInt32BigEndian(span[24..], (uint)Math.Clamp((time - Epoch).TotalSeconds, 0, uint.MaxValue));

        // By this name readers, QEMU among them, decide to take the exact size below and not the rounded one of the geometry.
        "win "u8.CopyTo(span[28..]);
        BinaryPrimitives.WriteUInt32BigEndian(span[32..], 0x000A_0000); // Version of that creator.
        "Wi2k"u8.CopyTo(span[36..]);
        BinaryPrimitives.WriteInt64BigEndian(span[40..], diskBytes); // Original size.
        BinaryPrimitives.WriteInt64BigEndian(span[48..], diskBytes); // Current size.
        (int cylinders, int heads, int sectors) = Geometry(diskBytes / SectorBytes);
        BinaryPrimitives.WriteUInt16BigEndian(span[56..], (ushort)cylinders);
        span[58] = (byte)heads;
        span[59] = (byte)sectors;
        BinaryPrimitives.WriteUInt32BigEndian(span[60..], 2); // Type: fixed.
        identity.TryWriteBytes(span[68..], bigEndian: true, out _);
        uint sum = 0;
        foreach (byte value in footer)
        {
            sum += value;
        }
        BinaryPrimitives.WriteUInt32BigEndian(span[ChecksumOffset..], ~sum);
        return footer;
    }

    /// <summary>The geometry that the specification's appendix computes for a number of sectors.</summary>
    private static (int Cylinders, int Heads, int SectorsPerTrack) Geometry(long totalSectors)
    {
        totalSectors = Math.Min(totalSectors, GeometrySectorsMax);
        if (totalSectors >= 65_535L * 16 * 63)
        {
            return ((int)(totalSectors / 255 / 16), 16, 255);
        }
        int sectors = 17;
        long tracks = totalSectors / sectors;
        int heads = Math.Max(4, (int)((tracks + 1023) / 1024));
        if (tracks >= heads * 1024L || heads > 16)
        {
            (sectors, heads) = (31, 16);
            tracks = totalSectors / sectors;
        }
        if (tracks >= heads * 1024L)
        {
            (sectors, heads) = (63, 16);
            tracks = totalSectors / sectors;
        }
        return ((int)(tracks / heads), heads, sectors);
    }
}
