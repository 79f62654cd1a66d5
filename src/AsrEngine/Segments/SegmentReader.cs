using System;
using System.Buffers;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;

namespace Asr.Engine.Segments;

/// <summary>
/// Opens sealed objects. Everything read is checked before it is believed: the trailer by its checksum and against the object's length,
/// the index by authentication under the name it was asked for, each content by authentication under its place, then by its hash.
/// Stateless and thread-safe.
/// </summary>
internal static class SegmentReader
{
    /// <summary>Most sealed bytes that are read in one piece: many contents of usual size, little memory.</summary>
    public const int RunBytesMax = 1 << 20;

    private const int IndexBytesMax = PackFormat.EntriesMax * PackFormat.EntryBytes;

    /// <summary>Reads a segment's or pack's table: two reads at the object's end.</summary>
    public static async Task<SegmentTable> OpenAsync(ISegmentStore store, SegmentName name, SegmentCipher cipher, long diskBytes, CancellationToken cancellationToken)
    {
        using SealedIndex index = await SealedIndex.ReadAsync(store, name, cipher, IndexBytesMax, cancellationToken).ConfigureAwait(false);
        return Parse(name, index, diskBytes);
    }

    /// <summary>Reads one content into <paramref name="content"/>, of exactly the change's length.</summary>
    public static ValueTask ReadContentAsync(
        ISegmentStore store, SegmentTable table, int changeIndex, Memory<byte> content, CancellationToken cancellationToken) =>
        ReadContentsAsync(store, table, changeIndex, [content], cancellationToken);

    /// <summary>
    /// Reads contents that lie one after the other in an object, the first of them entry <paramref name="first"/>, in one piece: a store is asked once, which
    /// is most of what a small read costs. Each goes to its place, of exactly its change's length.
    /// </summary>
    public static async ValueTask ReadContentsAsync(
        ISegmentStore store, SegmentTable table, int first, IReadOnlyList<Memory<byte>> places, CancellationToken cancellationToken)
    {
        long start = table.Changes[first].PayloadOffset;
        Change last = table.Changes[first + places.Count - 1];
        int sealedLength = (int)(last.PayloadOffset + last.StoredLength + SegmentCipher.TagBytes - start);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(sealedLength);
        try
        {
            await store.ReadAsync(table.Name, start, buffer.AsMemory(0, sealedLength), cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < places.Count; i++)
            {
                OpenContent(table, first + i, buffer.AsSpan((int)(table.Changes[first + i].PayloadOffset - start)), places[i].Span);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads one content as it is stored, authenticated but not expanded, into <paramref name="stored"/>, of exactly its stored length.</summary>
    public static async ValueTask ReadStoredAsync(
        ISegmentStore store, SegmentTable table, int changeIndex, Memory<byte> stored, CancellationToken cancellationToken)
    {
        Change change = table.Changes[changeIndex];
        int sealedLength = change.StoredLength + SegmentCipher.TagBytes;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(sealedLength);
        try
        {
            await store.ReadAsync(table.Name, change.PayloadOffset, buffer.AsMemory(0, sealedLength), cancellationToken).ConfigureAwait(false);
            OpenStored(table, changeIndex, buffer.AsSpan(0, sealedLength), stored.Span);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void OpenContent(SegmentTable table, int changeIndex, ReadOnlySpan<byte> sealedBytes, Span<byte> content)
    {
        ref readonly Change change = ref table.Changes[changeIndex];
        byte[] stored = ArrayPool<byte>.Shared.Rent(change.StoredLength);
        try
        {
            OpenStored(table, changeIndex, sealedBytes[..(change.StoredLength + SegmentCipher.TagBytes)], stored.AsSpan(0, change.StoredLength));
            if (!ChunkCodec.TryDecode(change.Encoding, stored.AsSpan(0, change.StoredLength), content, change.Hash))
            {
                throw SegmentErrors.Corrupt(table.Name, change.PayloadOffset, $"holds change {change.Sequence} with a content that does not have its hash");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
        }
    }

    private static void OpenStored(SegmentTable table, int changeIndex, ReadOnlySpan<byte> sealedBytes, Span<byte> stored)
    {
        ref readonly Change change = ref table.Changes[changeIndex];
        if (!table.Cipher.TryOpenPayload(table.Name, change, table.NonceBase + (ulong)changeIndex, sealedBytes, stored))
        {
            throw SegmentErrors.Corrupt(table.Name, change.PayloadOffset, $"holds change {change.Sequence} with a content that is not the one sealed");
        }
    }

    private static SegmentTable Parse(in SegmentName name, SealedIndex index, long diskBytes)
    {
        SegmentTrailer trailer = index.Trailer;
        bool isPack = name.Kind == SegmentKind.Pack;
        int entryBytes = isPack ? PackFormat.EntryBytes : ChangeBatchFormat.EntryBytes;
        long expected = name.LastSequence - name.FirstSequence + 1;
        bool isRightCount = isPack ? trailer.Count <= PackFormat.EntriesMax && trailer.PayloadBytes <= PackFormat.ContentBytesMax : trailer.Count == expected;
        if (!isRightCount || trailer.IndexBytes != trailer.Count * (long)entryBytes)
        {
            throw SegmentErrors.Corrupt(name, trailer.PayloadBytes, $"has a table of {trailer.Count} changes in {trailer.IndexBytes} bytes for a stretch of {expected}");
        }

        Change[] changes = new Change[trailer.Count];
        long payloadOffset = 0;
        for (int i = 0; i < changes.Length; i++)
        {
            // Authenticated, so made by a writer with the key; the bounds are checked all the same, because a reader must not fail
            // outside its memory for another version's mistake.
            ReadOnlySpan<byte> entry = index.Content.Slice(i * entryBytes, entryBytes);
            Change change = isPack
                ? PackFormat.ReadEntry(entry, (int)payloadOffset)
                : ChangeBatchFormat.ReadEntry(entry, name.FirstSequence + i, (int)payloadOffset);
            if (!ChangeBatchFormat.HasRightShape(change) || !ChangeBatchFormat.IsInside(change, diskBytes) || (isPack && !Follows(name, changes, i, change)))
            {
                throw SegmentErrors.Corrupt(name, trailer.PayloadBytes, $"has a malformed entry for change {change.Sequence}");
            }

            changes[i] = change;
            payloadOffset += change.Kind == ChangeKind.Data ? change.StoredLength + SegmentCipher.TagBytes : 0;
            if (payloadOffset > trailer.PayloadBytes)
            {
                break;
            }
        }

        return payloadOffset == trailer.PayloadBytes
            ? new SegmentTable(name, trailer.NonceBase, index.Cipher, changes)
            : throw SegmentErrors.Corrupt(name, trailer.PayloadBytes, "has a table that does not add up to its contents");
    }

    // A pack's entries lie in its stretch, in stream order, parts of one change by offset and apart.
    private static bool Follows(in SegmentName name, Change[] changes, int i, in Change change) =>
        change.Sequence >= name.FirstSequence
        && change.Sequence <= name.LastSequence
        && (i == 0 || changes[i - 1].Sequence < change.Sequence || (changes[i - 1].Sequence == change.Sequence && changes[i - 1].End <= change.Offset));
}
