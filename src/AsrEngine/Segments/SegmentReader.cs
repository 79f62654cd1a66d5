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
    /// <summary>Reads a segment's table: two reads at the object's end.</summary>
    public static async Task<SegmentTable> OpenAsync(ISegmentStore store, SegmentName name, SegmentCipher cipher, long diskBytes, CancellationToken cancellationToken)
    {
        using SealedIndex index = await SealedIndex.ReadAsync(store, name, cipher, ReplicationLimits.BatchChangesMax * ChangeBatchFormat.EntryBytes, cancellationToken)
            .ConfigureAwait(false);
        return Parse(name, index, diskBytes);
    }

    /// <summary>Reads one content into <paramref name="content"/>, of exactly the change's length.</summary>
    public static async ValueTask ReadContentAsync(
        ISegmentStore store, SegmentTable table, int changeIndex, SegmentCipher cipher, Memory<byte> content, CancellationToken cancellationToken)
    {
        Change change = table.Changes[changeIndex];
        int sealedLength = change.StoredLength + SegmentCipher.TagBytes;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(sealedLength + change.StoredLength);
        try
        {
            await store.ReadAsync(table.Name, change.PayloadOffset, buffer.AsMemory(0, sealedLength), cancellationToken).ConfigureAwait(false);
            Span<byte> stored = buffer.AsSpan(sealedLength, change.StoredLength);
            if (!cipher.TryOpenPayload(table.Name, change, table.NonceBase + (ulong)changeIndex, buffer.AsSpan(0, sealedLength), stored))
            {
                throw SegmentErrors.Corrupt(table.Name, change.PayloadOffset, $"holds change {change.Sequence} with a content that is not the one sealed");
            }

            if (!ChunkCodec.TryDecode(change.Encoding, stored, content.Span, change.Hash))
            {
                throw SegmentErrors.Corrupt(table.Name, change.PayloadOffset, $"holds change {change.Sequence} with a content that does not have its hash");
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
        long expected = name.LastSequence - name.FirstSequence + 1;
        if (trailer.Count != expected || trailer.IndexBytes != trailer.Count * (long)ChangeBatchFormat.EntryBytes)
        {
            throw SegmentErrors.Corrupt(name, trailer.PayloadBytes, $"has a table of {trailer.Count} changes in {trailer.IndexBytes} bytes and should have {expected}");
        }

        Change[] changes = new Change[trailer.Count];
        long payloadOffset = 0;
        for (int i = 0; i < changes.Length; i++)
        {
            // Authenticated, so made by a writer with the key; the bounds are checked all the same, because a reader must not fail
            // outside its memory for another version's mistake.
            Change change = ChangeBatchFormat.ReadEntry(index.Content[(i * ChangeBatchFormat.EntryBytes)..], name.FirstSequence + i, (int)payloadOffset);
            if (!ChangeBatchFormat.HasRightShape(change) || !ChangeBatchFormat.IsInside(change, diskBytes))
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
            ? new SegmentTable(name, trailer.NonceBase, changes)
            : throw SegmentErrors.Corrupt(name, trailer.PayloadBytes, "has a table that does not add up to its contents");
    }
}
