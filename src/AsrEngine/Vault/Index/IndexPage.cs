using System;

namespace Asr.Engine.Vault.Index;

/// <summary>
/// Codec of one page of an index run: extents in order, each as three variable-length numbers: sectors since the end of the one before, sectors and
/// whether they are zeros, and the difference of its sequence to the one before. docs/formats/index.md describes it. Pure.
/// </summary>
internal static class IndexPage
{
    /// <summary>Extents of a page at most.</summary>
    public const int ExtentsMax = 1024;

    /// <summary>Bytes of a page at most: three numbers of at most 10, 5 and 10 bytes.</summary>
    public const int BytesMax = ExtentsMax * 25;

    /// <summary>Writes a page and returns its bytes; <paramref name="output"/> has room for <see cref="BytesMax"/>.</summary>
    /// <param name="extents">In order, without overlaps, at least one.</param>
    /// <param name="firstSequence">First change of the run's stretch.</param>
    /// <param name="output">Where to.</param>
    public static int Write(ReadOnlySpan<Extent> extents, long firstSequence, Span<byte> output)
    {
        long end = extents[0].Sector;
        long sequence = firstSequence;
        int at = 0;
        foreach (ref readonly Extent extent in extents)
        {
            at += WriteNumber((ulong)(extent.Sector - end), output[at..]);
            at += WriteNumber(((ulong)extent.Sectors << 1) | (extent.IsZero ? 1UL : 0UL), output[at..]);
            long step = extent.Sequence - sequence;
            at += WriteNumber((ulong)((step << 1) ^ (step >> 63)), output[at..]);
            end = extent.End;
            sequence = extent.Sequence;
        }

        return at;
    }

    /// <summary>Reads a page; false when it is not one that <see cref="Write"/> makes for these bounds.</summary>
    /// <param name="bytes">Exactly the page.</param>
    /// <param name="place">What the run's directory says of it.</param>
    /// <param name="firstSequence">First change of the run's stretch.</param>
    /// <param name="lastSequence">Last change of it.</param>
    /// <param name="extents">As many as the directory says.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, in IndexPagePlace place, long firstSequence, long lastSequence, Span<Extent> extents)
    {
        long end = place.FirstSector;
        long sequence = firstSequence;
        int at = 0;
        for (int i = 0; i < extents.Length; i++)
        {
            if (!TryReadNumber(bytes, ref at, out ulong gap) || !TryReadNumber(bytes, ref at, out ulong length) || !TryReadNumber(bytes, ref at, out ulong step))
            {
                return false;
            }

            ulong sectors = length >> 1;
            if (gap > (ulong)(place.EndSector - end) || sectors is 0 or > int.MaxValue || sectors > (ulong)(place.EndSector - end) - gap)
            {
                return false;
            }

            // Added without a check for overflow: whatever comes out is compared with the bounds.
            sequence += (long)(step >> 1) ^ -(long)(step & 1);
            if (sequence < firstSequence || sequence > lastSequence)
            {
                return false;
            }

            extents[i] = new Extent(end + (long)gap, (int)sectors, sequence, (length & 1) != 0);
            end = extents[i].End;
        }

        return at == bytes.Length && end == place.EndSector && extents[0].Sector == place.FirstSector;
    }

    private static int WriteNumber(ulong value, Span<byte> output)
    {
        int at = 0;
        while (value >= 0x80)
        {
            output[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        output[at++] = (byte)value;
        return at;
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> bytes, ref int at, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            byte part = bytes[at++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>A page as the directory of its run tells it.</summary>
/// <param name="FirstSector">First sector of its first extent.</param>
/// <param name="EndSector">First sector after its last extent.</param>
/// <param name="Bytes">Bytes before sealing.</param>
/// <param name="Extents">Extents, 1 to <see cref="IndexPage.ExtentsMax"/>.</param>
internal readonly record struct IndexPagePlace(long FirstSector, long EndSector, int Bytes, int Extents);
