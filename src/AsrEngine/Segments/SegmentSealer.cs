using System;
using System.Buffers;
using Asr.Engine.Vault;

namespace Asr.Engine.Segments;

/// <summary>Turns a verified batch into a sealed segment: contents, table, trailer. Stateless and thread-safe.</summary>
internal static class SegmentSealer
{
    /// <summary>Seals the changes from index <paramref name="skip"/> on into a pooled buffer that the caller disposes.</summary>
    public static SealedObject Seal(VerifiedBatch verified, int skip, SegmentCipher cipher)
    {
        ChangeBatch batch = verified.Batch;
        ReadOnlySpan<Change> changes = batch.Changes[skip..];
        SegmentName name = new(batch.DiskId, SegmentKind.Changes, batch.Epoch, changes[0].Sequence, batch.LastSequence);
        ulong nonceBase = cipher.ReserveNonces(changes.Length + 1);
        int payloadBytes = PayloadBytes(changes);
        SegmentTrailer trailer = new(nonceBase, changes.Length, changes.Length * ChangeBatchFormat.EntryBytes, payloadBytes);
        SealedObject sealedObject = new(name, checked((int)trailer.ObjectBytes));
        byte[] table = ArrayPool<byte>.Shared.Rent(trailer.IndexBytes);
        try
        {
            Span<byte> output = sealedObject.Buffer;
            int at = 0;
            for (int i = 0; i < changes.Length; i++)
            {
                ref readonly Change change = ref changes[i];
                ChangeBatchFormat.WriteEntry(table.AsSpan(i * ChangeBatchFormat.EntryBytes), change);
                if (change.Kind == ChangeKind.Data)
                {
                    cipher.SealPayload(name, change, nonceBase + (ulong)i, batch.Stored(change).Span, output[at..]);
                    at += change.StoredLength + SegmentCipher.TagBytes;
                }
            }

            SealIndex(name, trailer, cipher, table.AsSpan(0, trailer.IndexBytes), output[at..]);
            return sealedObject;
        }
        catch
        {
            sealedObject.Dispose();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(table);
        }
    }

    /// <summary>Writes the sealed index and the trailer, which end every object.</summary>
    public static void SealIndex(in SegmentName name, in SegmentTrailer trailer, SegmentCipher cipher, ReadOnlySpan<byte> index, Span<byte> output)
    {
        Span<byte> trailerBytes = output.Slice(index.Length + SegmentCipher.TagBytes, SegmentTrailer.Bytes);
        trailer.Write(trailerBytes);
        cipher.SealIndex(name, trailer.NonceBase + (ulong)trailer.Count, trailerBytes, index, output);
    }

    private static int PayloadBytes(ReadOnlySpan<Change> changes)
    {
        int bytes = 0;
        foreach (ref readonly Change change in changes)
        {
            bytes += change.Kind == ChangeKind.Data ? change.StoredLength + SegmentCipher.TagBytes : 0;
        }

        return bytes;
    }
}
