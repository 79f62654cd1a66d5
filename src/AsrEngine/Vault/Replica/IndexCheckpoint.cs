using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Replica;

/// <summary>
/// The index at one position as a sealed object, so that opening need not read every segment's table; docs/formats/segment.md describes it.
/// Contents are chunks of extents, its sealed index lists the segments they refer to. Derived data: a damaged one is passed over.
/// </summary>
internal static class IndexCheckpoint
{
    /// <summary>Larger indexes are not written down in one object.</summary>
    public const int ExtentsMax = 32 << 20;

    private const int ChunkExtents = 32 << 10;
    private const int ExtentBytes = 20;
    private const int SegmentEntryBytes = 20;
    private const int IndexBytesMax = 256 << 20;

    /// <summary>Seals a snapshot of the index at the position that <paramref name="name"/> tells.</summary>
    public static SealedObject Seal(in SegmentName name, ReadOnlySpan<SegmentName> segments, ReadOnlySpan<Extent> extents, SegmentCipher cipher)
    {
        int chunks = (extents.Length + ChunkExtents - 1) / ChunkExtents;
        ulong nonceBase = cipher.ReserveNonces(chunks + 1);
        SegmentTrailer trailer = new(nonceBase, chunks, sizeof(int) + (segments.Length * SegmentEntryBytes), ((long)extents.Length * ExtentBytes) + (chunks * SegmentCipher.TagBytes));
        SealedObject sealedObject = new(name, checked((int)trailer.ObjectBytes));
        byte[] plain = ArrayPool<byte>.Shared.Rent(int.Max(ChunkExtents * ExtentBytes, trailer.IndexBytes));
        try
        {
            Span<byte> output = sealedObject.Buffer;
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                ReadOnlySpan<Extent> part = extents[(chunk * ChunkExtents)..int.Min(extents.Length, (chunk + 1) * ChunkExtents)];
                int length = WriteExtents(part, plain);
                cipher.SealPayload(name, PlaceOf(name, chunk, length), nonceBase + (ulong)chunk, plain.AsSpan(0, length), output);
                output = output[(length + SegmentCipher.TagBytes)..];
            }

            BinaryPrimitives.WriteInt32LittleEndian(plain, extents.Length);
            WriteSegments(segments, plain.AsSpan(sizeof(int)));
            SegmentSealer.SealIndex(name, trailer, cipher, plain.AsSpan(0, trailer.IndexBytes), output);
            return sealedObject;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
        }
    }

    /// <summary>Reads a checkpoint into a new index. Throws <see cref="Asr.Contracts.AsrErrorCode.SegmentCorrupt"/> or SegmentMissing.</summary>
    public static async Task<ReplicaIndex> ReadAsync(ISegmentStore store, SegmentName name, SegmentCipher cipher, long diskBytes, CancellationToken cancellationToken)
    {
        (SegmentName[] segments, Extent[] extents, ulong nonceBase) = await ReadIndexAsync(store, name, cipher, cancellationToken).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(2 * ((ChunkExtents * ExtentBytes) + SegmentCipher.TagBytes));
        try
        {
            long offset = 0;
            int read = 0;
            for (int chunk = 0; read < extents.Length; chunk++)
            {
                int count = int.Min(ChunkExtents, extents.Length - read);
                int length = count * ExtentBytes;
                Memory<byte> sealedBytes = buffer.AsMemory(0, length + SegmentCipher.TagBytes);
                await store.ReadAsync(name, offset, sealedBytes, cancellationToken).ConfigureAwait(false);
                Span<byte> plain = buffer.AsSpan(sealedBytes.Length, length);
                if (!cipher.TryOpenPayload(name, PlaceOf(name, chunk, length), nonceBase + (ulong)chunk, sealedBytes.Span, plain))
                {
                    throw SegmentErrors.Corrupt(name, offset, "holds extents that are not those sealed");
                }

                ReadExtents(plain, extents.AsSpan(read, count));
                read += count;
                offset += sealedBytes.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        Check(name, segments, extents, diskBytes);
        ReplicaIndex index = new();
        index.Load(segments, extents);
        return index;
    }

    private static async Task<(SegmentName[] Segments, Extent[] Extents, ulong NonceBase)> ReadIndexAsync(
        ISegmentStore store, SegmentName name, SegmentCipher cipher, CancellationToken cancellationToken)
    {
        using SealedIndex index = await SealedIndex.ReadAsync(store, name, cipher, IndexBytesMax, cancellationToken).ConfigureAwait(false);
        SegmentTrailer trailer = index.Trailer;
        int segmentBytes = trailer.IndexBytes - sizeof(int);
        int extentCount = segmentBytes < 0 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(index.Content);
        if (extentCount is < 0 or > ExtentsMax
            || segmentBytes % SegmentEntryBytes != 0
            || trailer.Count != (extentCount + ChunkExtents - 1) / ChunkExtents
            || trailer.PayloadBytes != ((long)extentCount * ExtentBytes) + (trailer.Count * SegmentCipher.TagBytes))
        {
            throw SegmentErrors.Corrupt(name, trailer.PayloadBytes, "has an index that does not add up");
        }

        return (ReadSegments(name.DiskId, index.Content[sizeof(int)..]), new Extent[extentCount], trailer.NonceBase);
    }

    /// <summary>Order, bounds and references, before the extents are believed.</summary>
    private static void Check(in SegmentName name, SegmentName[] segments, Extent[] extents, long diskBytes)
    {
        long end = 0;
        foreach (ref readonly Extent extent in extents.AsSpan())
        {
            if (extent.Sector < end
                || extent.Sectors <= 0
                || extent.End > diskBytes / ReplicaIndex.SectorBytes
                || (uint)extent.Segment >= (uint)segments.Length
                || extent.Change > segments[extent.Segment].LastSequence - segments[extent.Segment].FirstSequence)
            {
                throw SegmentErrors.Corrupt(name, 0, $"has a malformed extent at sector {extent.Sector}");
            }

            end = extent.End;
        }
    }

    private static Change PlaceOf(in SegmentName name, int chunk, int length) =>
        new(name.LastSequence, chunk, length, ChangeKind.Data, ChunkEncoding.None, length, 0, UInt128.Zero);

    private static int WriteExtents(ReadOnlySpan<Extent> extents, Span<byte> output)
    {
        // The format is little endian and so is every machine this runs on; the struct's layout is the format's.
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(extents);
        bytes.CopyTo(output);
        return bytes.Length;
    }

    private static void ReadExtents(ReadOnlySpan<byte> bytes, Span<Extent> extents) => bytes.CopyTo(MemoryMarshal.AsBytes(extents));

    private static void WriteSegments(ReadOnlySpan<SegmentName> segments, Span<byte> output)
    {
        for (int i = 0; i < segments.Length; i++)
        {
            Span<byte> entry = output.Slice(i * SegmentEntryBytes, SegmentEntryBytes);
            BinaryPrimitives.WriteInt32LittleEndian(entry, segments[i].Epoch);
            BinaryPrimitives.WriteInt64LittleEndian(entry[4..], segments[i].FirstSequence);
            BinaryPrimitives.WriteInt64LittleEndian(entry[12..], segments[i].LastSequence);
        }
    }

    private static SegmentName[] ReadSegments(Guid diskId, ReadOnlySpan<byte> bytes)
    {
        SegmentName[] segments = new SegmentName[bytes.Length / SegmentEntryBytes];
        for (int i = 0; i < segments.Length; i++)
        {
            ReadOnlySpan<byte> entry = bytes.Slice(i * SegmentEntryBytes, SegmentEntryBytes);
            segments[i] = new SegmentName(
                diskId,
                SegmentKind.Changes,
                BinaryPrimitives.ReadInt32LittleEndian(entry),
                BinaryPrimitives.ReadInt64LittleEndian(entry[4..]),
                BinaryPrimitives.ReadInt64LittleEndian(entry[12..]));
        }

        return segments;
    }
}
