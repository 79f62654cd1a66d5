using System;
using System.Buffers;
using Asr.Contracts;

namespace Asr.Engine.Segments;

/// <summary>
/// Builds one batch: compresses each content as it is added. Not thread-safe. Owns its pooled buffer; the memory that
/// <see cref="Complete"/> gives is valid until the next <see cref="Begin"/> or the end of the writer.
/// </summary>
/// <param name="contentBytes">Content of a batch for which the buffer need not grow. Growing copies, and touches memory that nothing else uses.</param>
public sealed class ChangeBatchWriter(int contentBytes = 1 << 20) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(ChangeBatchFormat.HeaderBytes + contentBytes);
    private Change[] _changes = ArrayPool<Change>.Shared.Rent(256);
    private Guid _diskId;
    private int _epoch;
    private long _firstSequence;
    private int _used;

    /// <summary>Changes added since <see cref="Begin"/>.</summary>
    public int Count { get; private set; }

    /// <summary>Sequence of the last change added.</summary>
    public long LastSequence => _firstSequence + Count - 1;

    /// <summary>Bytes the batch would have now.</summary>
    public int Bytes => _used + (Count * ChangeBatchFormat.EntryBytes);

    /// <summary>Starts a new batch; what was in the writer is dropped.</summary>
    public void Begin(Guid diskId, int epoch, long firstSequence)
    {
        _diskId = diskId;
        _epoch = epoch;
        _firstSequence = firstSequence;
        _used = ChangeBatchFormat.HeaderBytes;
        Count = 0;
    }

    /// <summary>Adds a change of content; false, and nothing added, when the batch is full.</summary>
    public bool TryAddData(long offset, ReadOnlySpan<byte> content)
    {
        if (!HasRoom(content.Length))
        {
            return false;
        }

        EnsureBuffer(content.Length);
        ChunkEncoding encoding = ChunkCodec.Encode(content, _buffer.AsSpan(_used), out int storedLength);
        Append(new Change(LastSequence + 1, offset, content.Length, ChangeKind.Data, encoding, storedLength, _used, ChunkCodec.Hash(content)));
        _used += storedLength;
        return true;
    }

    /// <summary>Adds a change to zeros; false, and nothing added, when the batch is full.</summary>
    public bool TryAddZero(long offset, int length)
    {
        if (!HasRoom(0))
        {
            return false;
        }

        Append(new Change(LastSequence + 1, offset, length, ChangeKind.Zero, ChunkEncoding.None, 0, _used, UInt128.Zero));
        return true;
    }

    /// <summary>The finished batch. Needs at least one change.</summary>
    public Memory<byte> Complete()
    {
        if (Count == 0)
        {
            throw new InvalidOperationException("A batch has at least one change.");
        }

        EnsureBuffer(Count * ChangeBatchFormat.EntryBytes);
        Span<byte> table = _buffer.AsSpan(_used);
        for (int i = 0; i < Count; i++)
        {
            ChangeBatchFormat.WriteEntry(table[(i * ChangeBatchFormat.EntryBytes)..], _changes[i]);
        }

        Memory<byte> batch = _buffer.AsMemory(0, Bytes);
        ChangeBatchFormat.WriteHeader(batch.Span, _diskId, _epoch, _firstSequence, Count, _used - ChangeBatchFormat.HeaderBytes);
        return batch;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        ArrayPool<Change>.Shared.Return(_changes);
        _buffer = [];
        _changes = [];
    }

    private bool HasRoom(int content) =>
        Count < ReplicationLimits.BatchChangesMax
        && Bytes + ChangeBatchFormat.EntryBytes + content <= ReplicationLimits.BatchBytesMax;

    private void Append(in Change change)
    {
        if (Count == _changes.Length)
        {
            Change[] larger = ArrayPool<Change>.Shared.Rent(_changes.Length * 2);
            _changes.AsSpan(0, Count).CopyTo(larger);
            ArrayPool<Change>.Shared.Return(_changes);
            _changes = larger;
        }

        _changes[Count++] = change;
    }

    private void EnsureBuffer(int more)
    {
        if (_buffer.Length - _used >= more)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_used + more, _buffer.Length * 2));
        _buffer.AsSpan(0, _used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
