using System;
using System.Buffers;
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
    private const int IndexBytesMax = PackFormat.EntriesMax * PackFormat.EntryBytes;

    /// <summary>Reads a segment's or pack's table: two reads at the object's end.</summary>
    public static async Task<SegmentTable> OpenAsync(ISegmentStore store, SegmentName name, SegmentCipher cipher, long diskBytes, CancellationToken cancellationToken)
    {
        using SealedIndex index = await SealedIndex.ReadAsync(store, name, cipher, IndexBytesMax, cancellationToken).ConfigureAwait(false);
        return Parse(name, index, diskBytes);
    }

    /// <summary>Reads one content into <paramref name="content"/>, of exactly the change's length.</summary>
    public static async ValueTask ReadContentAsync(
        ISegmentStore store, SegmentTable table, int changeIndex, Memory<byte> content, CancellationToken cancellationToken)
    {
        Change change = table.Changes[changeIndex];
        byte[] stored = ArrayPool<byte>.Shared.Rent(change.StoredLength);
        try
        {
            await ReadStoredAsync(store, table, changeIndex, stored.AsMemory(0, change.StoredLength), cancellationToken).ConfigureAwait(false);
            if (!ChunkCodec.TryDecode(change.Encoding, stored.AsSpan(0, change.StoredLength), content.Span, change.Hash))
            {
                throw SegmentErrors.Corrupt(table.Name, change.PayloadOffset, $"holds change {change.Sequence} with a content that does not have its hash");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
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
            if (!table.Cipher.TryOpenPayload(table.Name, change, table.NonceBase + (ulong)changeIndex, buffer.AsSpan(0, sealedLength), stored.Span))
            {
                throw SegmentErrors.Corrupt(table.Name, change.PayloadOffset, $"holds change {change.Sequence} with a content that is not the one sealed");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
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
