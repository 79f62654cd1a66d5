using System;
using System.Buffers;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Vault;

namespace Asr.Engine.Segments;

/// <summary>The authenticated index of a sealed object, in a pooled buffer that dispose returns.</summary>
internal sealed class SealedIndex : IDisposable
{
    private byte[] _buffer;

    private SealedIndex(byte[] buffer, in SegmentTrailer trailer, SegmentCipher cipher)
    {
        _buffer = buffer;
        Trailer = trailer;
        Cipher = cipher;
    }

    public SegmentTrailer Trailer { get; }

    /// <summary>
    /// What the object's contents are sealed with: the epoch's cipher, or for a salted object one of its own, which whoever keeps reading
    /// the object keeps.
    /// </summary>
    public SegmentCipher Cipher { get; }

    public ReadOnlySpan<byte> Content => _buffer.AsSpan(0, Trailer.IndexBytes);

    /// <summary>Reads trailer and index, and nothing else.</summary>
    public static async Task<SealedIndex> ReadAsync(ISegmentStore store, SegmentName name, SegmentCipher cipher, int indexBytesMax, CancellationToken cancellationToken)
    {
        long length = await store.GetLengthAsync(name, cancellationToken).ConfigureAwait(false) ?? throw SegmentErrors.Missing(name);
        if (length < SegmentTrailer.Bytes + SegmentCipher.TagBytes)
        {
            throw SegmentErrors.Corrupt(name, 0, $"has only {length} bytes");
        }

        byte[] trailerBytes = new byte[SegmentTrailer.Bytes];
        await store.ReadAsync(name, length - SegmentTrailer.Bytes, trailerBytes, cancellationToken).ConfigureAwait(false);
        if (!SegmentTrailer.TryRead(trailerBytes, out SegmentTrailer trailer, out string problem))
        {
            throw SegmentErrors.Corrupt(name, length - SegmentTrailer.Bytes, problem);
        }

        if (trailer.IndexBytes > indexBytesMax || trailer.PayloadBytes > length || trailer.ObjectBytes != length)
        {
            throw SegmentErrors.Corrupt(name, length, $"has {length} bytes and should have {trailer.PayloadBytes} of content and {trailer.IndexBytes} of index");
        }

        if (trailer.Salt == Guid.Empty != (name.Kind == SegmentKind.Changes))
        {
            throw SegmentErrors.Corrupt(name, length - SegmentTrailer.Bytes, "has the trailer of another kind of object");
        }

        SegmentCipher own = trailer.Salt == Guid.Empty ? cipher : cipher.Derive(trailer.Salt);
        int sealedLength = trailer.IndexBytes + SegmentCipher.TagBytes;
        byte[] sealedBytes = ArrayPool<byte>.Shared.Rent(sealedLength);
        byte[] content = ArrayPool<byte>.Shared.Rent(trailer.IndexBytes);
        SealedIndex index = new(content, trailer, own);
        try
        {
            await store.ReadAsync(name, trailer.PayloadBytes, sealedBytes.AsMemory(0, sealedLength), cancellationToken).ConfigureAwait(false);
            if (!own.TryOpenIndex(name, trailer.NonceBase + (ulong)trailer.Count, trailerBytes, sealedBytes.AsSpan(0, sealedLength), content.AsSpan(0, trailer.IndexBytes)))
            {
                throw SegmentErrors.Corrupt(name, trailer.PayloadBytes, "has an index that is not the one sealed under this name");
            }

            return index;
        }
        catch
        {
            index.Dispose();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(sealedBytes);
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }
}
