using System;
using System.Buffers;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Compaction;

/// <summary>
/// One pack in the making: takes over the live parts of changes, authenticated on the way, and seals them anew. What is wholly live is taken over as it is
/// stored; of the rest the live parts are cut out and stored by themselves. Not thread-safe; dispose returns its memory.
/// </summary>
internal sealed class PackWriter(ISegmentStore store, SegmentName name) : IDisposable
{
    private readonly List<Change> _entries = [];
    private readonly List<(long Offset, long End)> _parts = [];
    private byte[] _plain = ArrayPool<byte>.Shared.Rent(1 << 20);
    private int _used;

    /// <summary>Bytes of content taken over.</summary>
    public int Bytes => _used;

    /// <summary>Takes over the live parts of one entry of a segment or pack.</summary>
    public async Task AddAsync(SegmentTable table, int entry, LiveChanges live, CancellationToken cancellationToken)
    {
        Change change = table.Changes[entry];
        live.CopyTo(change.Sequence, change.Offset, change.End, _parts);
        if (_parts.Count == 0)
        {
            return;
        }

        if (change.Kind == ChangeKind.Zero)
        {
            foreach ((long offset, long end) in _parts)
            {
                _entries.Add(change with { Offset = offset, Length = (int)(end - offset) });
            }

            return;
        }

        bool isWhole = _parts.Count == 1 && _parts[0].Offset == change.Offset && _parts[0].End == change.End;
        if (isWhole || _entries.Count + _parts.Count > PackFormat.EntriesMax / 2)
        {
            Reserve(change.StoredLength);
            await SegmentReader.ReadStoredAsync(store, table, entry, _plain.AsMemory(_used, change.StoredLength), cancellationToken).ConfigureAwait(false);
            _entries.Add(change);
            _used += change.StoredLength;
            return;
        }

        byte[] content = ArrayPool<byte>.Shared.Rent(change.Length);
        try
        {
            await SegmentReader.ReadContentAsync(store, table, entry, content.AsMemory(0, change.Length), cancellationToken).ConfigureAwait(false);
            foreach ((long offset, long end) in _parts)
            {
                AddPart(change, content.AsSpan((int)(offset - change.Offset), (int)(end - offset)), offset);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(content);
        }
    }

    /// <summary>Seals the pack.</summary>
    public SealedObject Seal(SegmentCipher cipher)
    {
        byte[] index = new byte[_entries.Count * PackFormat.EntryBytes];
        long tags = 0;
        for (int i = 0; i < _entries.Count; i++)
        {
            PackFormat.WriteEntry(index.AsSpan(i * PackFormat.EntryBytes), _entries[i]);
            tags += _entries[i].Kind == ChangeKind.Data ? SegmentCipher.TagBytes : 0;
        }

        Guid salt = cipher.SaltFor(name, _plain.AsSpan(0, _used), index);
        SegmentTrailer trailer = new(0, _entries.Count, index.Length, _used + tags, salt);
        SealedObject pack = new(name, checked((int)trailer.ObjectBytes));
        using SegmentCipher own = cipher.Derive(salt);
        Span<byte> output = pack.Buffer;
        int at = 0;
        for (int i = 0; i < _entries.Count; i++)
        {
            Change change = _entries[i];
            if (change.Kind == ChangeKind.Data)
            {
                own.SealPayload(name, change, (ulong)i, _plain.AsSpan(at, change.StoredLength), output);
                output = output[(change.StoredLength + SegmentCipher.TagBytes)..];
                at += change.StoredLength;
            }
        }

        SegmentSealer.SealIndex(name, trailer, own, index, output);
        return pack;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_plain);
        _plain = [];
    }

    private void AddPart(in Change change, ReadOnlySpan<byte> content, long offset)
    {
        Reserve(content.Length);
        ChunkEncoding encoding = ChunkCodec.Encode(content, _plain.AsSpan(_used), out int storedLength);
        _entries.Add(change with
        {
            Offset = offset,
            Length = content.Length,
            Encoding = encoding,
            StoredLength = storedLength,
            Hash = ChunkCodec.Hash(content),
        });
        _used += storedLength;
    }

    private void Reserve(int more)
    {
        if (_plain.Length - _used >= more)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(int.Max(_used + more, _plain.Length * 2));
        _plain.AsSpan(0, _used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_plain);
        _plain = larger;
    }
}
