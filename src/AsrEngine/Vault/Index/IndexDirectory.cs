using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Index;

/// <summary>The sealed index of one part of a run: its level, whether it is the last part, and where its pages are. docs/formats/index.md describes it. Pure.</summary>
/// <param name="Level">0 for a run written from memory, one more than the runs it was merged from for others.</param>
/// <param name="IsLastPart">Whether the run ends with this part.</param>
/// <param name="Pages">The pages in order.</param>
internal sealed record IndexDirectory(byte Level, bool IsLastPart, IReadOnlyList<IndexPagePlace> Pages)
{
    /// <summary>Pages of a part at most, so that a part is made in a bounded piece of memory.</summary>
    public const int PagesMax = 1024;

    /// <summary>Bytes of a directory at most.</summary>
    public const int BytesMax = HeaderBytes + (PagesMax * EntryBytes);

    private const int HeaderBytes = 8;
    private const int EntryBytes = 24;

    public int Bytes => HeaderBytes + (Pages.Count * EntryBytes);

    public void Write(Span<byte> output)
    {
        output[..HeaderBytes].Clear();
        output[0] = Level;
        output[1] = IsLastPart ? (byte)1 : (byte)0;
        for (int i = 0; i < Pages.Count; i++)
        {
            Span<byte> entry = output.Slice(HeaderBytes + (i * EntryBytes), EntryBytes);
            BinaryPrimitives.WriteInt64LittleEndian(entry, Pages[i].FirstSector);
            BinaryPrimitives.WriteInt64LittleEndian(entry[8..], Pages[i].EndSector);
            BinaryPrimitives.WriteInt32LittleEndian(entry[16..], Pages[i].Bytes);
            BinaryPrimitives.WriteInt32LittleEndian(entry[20..], Pages[i].Extents);
        }
    }

    /// <summary>Reads and checks; null when it does not add up to the object or to a disk of <paramref name="diskSectors"/>.</summary>
    public static IndexDirectory? TryRead(ReadOnlySpan<byte> bytes, in SegmentTrailer trailer, long diskSectors)
    {
        int count = (bytes.Length - HeaderBytes) / EntryBytes;
        if (bytes.Length < HeaderBytes || (bytes.Length - HeaderBytes) % EntryBytes != 0 || count != trailer.Count || count > PagesMax || bytes[1] > 1)
        {
            return null;
        }

        IndexPagePlace[] pages = new IndexPagePlace[count];
        long end = 0;
        long payloadBytes = 0;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = bytes.Slice(HeaderBytes + (i * EntryBytes), EntryBytes);
            IndexPagePlace page = new(
                BinaryPrimitives.ReadInt64LittleEndian(entry),
                BinaryPrimitives.ReadInt64LittleEndian(entry[8..]),
                BinaryPrimitives.ReadInt32LittleEndian(entry[16..]),
                BinaryPrimitives.ReadInt32LittleEndian(entry[20..]));
            if (page.FirstSector < end
                || page.EndSector <= page.FirstSector
                || page.EndSector > diskSectors
                || page.Bytes is < 1 or > IndexPage.BytesMax
                || page.Extents is < 1 or > IndexPage.ExtentsMax)
            {
                return null;
            }

            pages[i] = page;
            end = page.EndSector;
            payloadBytes += page.Bytes + SegmentCipher.TagBytes;
        }

        return payloadBytes == trailer.PayloadBytes ? new IndexDirectory(bytes[0], bytes[1] == 1, pages) : null;
    }
}
