using System;
using System.Buffers;
using System.Collections.Generic;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Index;

/// <summary>One part of a run in the making: pages before sealing, in a pooled buffer. Not thread-safe; dispose returns the buffer.</summary>
internal sealed class IndexRunPart : IDisposable
{
    private readonly List<IndexPagePlace> _pages = [];
    private byte[] _plain = ArrayPool<byte>.Shared.Rent(1 << 20);
    private int _used;

    /// <summary>Whether no page fits any more.</summary>
    public bool IsFull => _pages.Count == IndexDirectory.PagesMax;

    /// <summary>Adds a page of at most <see cref="IndexPage.ExtentsMax"/> extents.</summary>
    public void Add(ReadOnlySpan<Extent> extents, long firstSequence)
    {
        if (_plain.Length - _used < IndexPage.BytesMax)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(_plain.Length * 2);
            _plain.AsSpan(0, _used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_plain);
            _plain = larger;
        }

        int bytes = IndexPage.Write(extents, firstSequence, _plain.AsSpan(_used));
        _pages.Add(new IndexPagePlace(extents[0].Sector, extents[^1].End, bytes, extents.Length));
        _used += bytes;
    }

    /// <summary>Seals the part under its name and empties it.</summary>
    public SealedObject Seal(in SegmentName name, byte level, bool isLastPart, SegmentCipher cipher)
    {
        IndexDirectory directory = new(level, isLastPart, _pages);
        byte[] index = new byte[directory.Bytes];
        directory.Write(index);
        Guid salt = cipher.SaltFor(name, _plain.AsSpan(0, _used), index);
        SegmentTrailer trailer = new(0, _pages.Count, index.Length, _used + ((long)_pages.Count * SegmentCipher.TagBytes), salt);
        SealedObject sealedObject = new(name, checked((int)trailer.ObjectBytes));
        using SegmentCipher own = cipher.Derive(salt);
        Span<byte> output = sealedObject.Buffer;
        int at = 0;
        for (int i = 0; i < _pages.Count; i++)
        {
            int bytes = _pages[i].Bytes;
            own.SealPayload(name, PlaceOf(name, i, bytes), (ulong)i, _plain.AsSpan(at, bytes), output);
            output = output[(bytes + SegmentCipher.TagBytes)..];
            at += bytes;
        }

        SegmentSealer.SealIndex(name, trailer, own, index, output);
        _pages.Clear();
        _used = 0;
        return sealedObject;
    }

    /// <summary>What binds a page to its place: the run's end and the page's number in its part.</summary>
    public static Change PlaceOf(in SegmentName part, int page, int bytes) =>
        new(part.LastSequence, page, bytes, ChangeKind.Data, ChunkEncoding.None, bytes, 0, UInt128.Zero);

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_plain);
        _plain = [];
    }
}
