using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Threading;
using Asr.Contracts;

namespace Asr.Engine.Segments;

/// <summary>
/// A parsed batch over the caller's memory: contiguous changes of one disk under one epoch. Parsing checks every bound and the
/// checksum of header and table, so the accessors cannot fail; contents are checked one by one with <see cref="TryDecode"/>.
/// Immutable; valid as long as the memory is. The table is pooled: whoever is done with the batch disposes it, once for the parsing and once for each
/// <see cref="Share"/>. One that is not disposed costs an array and nothing else.
/// </summary>
public sealed class ChangeBatch : IDisposable
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly int _count;
    private Change[] _changes;
    private int _holders = 1;

    private ChangeBatch(ReadOnlyMemory<byte> bytes, Guid diskId, int epoch, Change[] changes, int count)
    {
        _bytes = bytes;
        _count = count;
        DiskId = diskId;
        Epoch = epoch;
        _changes = changes;
    }

    /// <summary>The disk.</summary>
    public Guid DiskId { get; }

    /// <summary>Epoch of the writer.</summary>
    public int Epoch { get; }

    /// <summary>The changes in stream order, at least one.</summary>
    public ReadOnlySpan<Change> Changes => _changes.AsSpan(0, _count);

    /// <summary>Sequence of the first change.</summary>
    public long FirstSequence => _changes[0].Sequence;

    /// <summary>Sequence of the last change.</summary>
    public long LastSequence => _changes[_count - 1].Sequence;

    /// <summary>Stored content of a change.</summary>
    public ReadOnlyMemory<byte> Stored(in Change change) => _bytes.Slice(change.PayloadOffset, change.StoredLength);

    /// <summary>Restores the content of a data change into <paramref name="content"/> (of exactly its length) and checks its hash.</summary>
    public bool TryDecode(in Change change, Span<byte> content) =>
        ChunkCodec.TryDecode(change.Encoding, Stored(change).Span, content, change.Hash);

    /// <summary>The same batch for one more user, who needs the table longer than its first owner does.</summary>
    public ChangeBatch Share()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            ArrayPool<Change>.Shared.Return(_changes);
            _changes = [];
        }
    }

    /// <summary>Parses and checks; throws <see cref="AsrErrorCode.BatchMalformed"/> saying what is wrong.</summary>
    /// <param name="bytes">Exactly one batch; not copied.</param>
    /// <param name="diskBytes">Size of the disk: no change may reach beyond it.</param>
    public static ChangeBatch Parse(ReadOnlyMemory<byte> bytes, long diskBytes)
    {
        ReadOnlySpan<byte> span = bytes.Span;
        if (span.Length < ChangeBatchFormat.HeaderBytes || span.Length > ReplicationLimits.BatchBytesMax)
        {
            throw Malformed($"is {span.Length} bytes, not {ChangeBatchFormat.HeaderBytes} to {ReplicationLimits.BatchBytesMax}");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(span) != ChangeBatchFormat.Magic)
        {
            throw Malformed("does not begin with the magic number");
        }

        ushort minReader = BinaryPrimitives.ReadUInt16LittleEndian(span[6..]);
        if (minReader > ChangeBatchFormat.Version)
        {
            throw Malformed($"needs a reader of version {minReader}, this one is {ChangeBatchFormat.Version}");
        }

        Guid diskId = new(span.Slice(8, 16));
        int epoch = BinaryPrimitives.ReadInt32LittleEndian(span[24..]);
        int count = BinaryPrimitives.ReadInt32LittleEndian(span[28..]);
        long firstSequence = BinaryPrimitives.ReadInt64LittleEndian(span[32..]);
        int payloadBytes = BinaryPrimitives.ReadInt32LittleEndian(span[40..]);
        if (count is < 1 or > ReplicationLimits.BatchChangesMax || epoch < 1 || firstSequence < 1 || firstSequence > long.MaxValue - count)
        {
            throw Malformed($"claims {count} changes from sequence {firstSequence} in epoch {epoch}");
        }

        if (payloadBytes < 0 || (long)ChangeBatchFormat.HeaderBytes + payloadBytes + ((long)count * ChangeBatchFormat.EntryBytes) != span.Length)
        {
            throw Malformed($"of {span.Length} bytes does not add up: {count} changes and {payloadBytes} bytes of content");
        }

        if (ChangeBatchFormat.Checksum(span, payloadBytes) != ChangeBatchFormat.StoredChecksum(span))
        {
            throw Malformed("fails its checksum");
        }

        return new ChangeBatch(bytes, diskId, epoch, ReadTable(span, count, firstSequence, payloadBytes, diskBytes), count);
    }

    /// <summary>Moves a batch made under an older epoch to the sender's new session. The memory must hold one batch that this process made.</summary>
    public static void Restamp(Span<byte> batch, int epoch)
    {
        ReadOnlySpan<byte> header = batch;
        ChangeBatchFormat.WriteHeader(
            batch,
            new Guid(header.Slice(8, 16)),
            epoch,
            BinaryPrimitives.ReadInt64LittleEndian(header[32..]),
            BinaryPrimitives.ReadInt32LittleEndian(header[28..]),
            BinaryPrimitives.ReadInt32LittleEndian(header[40..]));
    }

    private static Change[] ReadTable(ReadOnlySpan<byte> span, int count, long firstSequence, int payloadBytes, long diskBytes)
    {
        ReadOnlySpan<byte> table = span[(ChangeBatchFormat.HeaderBytes + payloadBytes)..];
        Change[] changes = ArrayPool<Change>.Shared.Rent(count);
        try
        {
            ReadEntries(table, changes.AsSpan(0, count), firstSequence, payloadBytes, diskBytes);
            return changes;
        }
        catch
        {
            ArrayPool<Change>.Shared.Return(changes);
            throw;
        }
    }

    private static void ReadEntries(ReadOnlySpan<byte> table, Span<Change> changes, long firstSequence, int payloadBytes, long diskBytes)
    {
        long payloadOffset = ChangeBatchFormat.HeaderBytes;
        long payloadEnd = payloadOffset + payloadBytes;
        for (int i = 0; i < changes.Length; i++)
        {
            Change change = ChangeBatchFormat.ReadEntry(table[(i * ChangeBatchFormat.EntryBytes)..], firstSequence + i, (int)payloadOffset);
            CheckEntry(change, diskBytes);
            payloadOffset += change.StoredLength;
            if (payloadOffset > payloadEnd)
            {
                throw Malformed($"has contents of more than the {payloadBytes} bytes it claims");
            }

            changes[i] = change;
        }

        if (payloadOffset != payloadEnd)
        {
            throw Malformed($"has {payloadEnd - payloadOffset} bytes that belong to no change");
        }
    }

    private static void CheckEntry(in Change change, long diskBytes)
    {
        if (!ChangeBatchFormat.HasRightShape(change))
        {
            throw Malformed($"has at sequence {change.Sequence} a change of kind {(byte)change.Kind}, encoding {(byte)change.Encoding}, {change.Length} bytes in {change.StoredLength}");
        }

        if (!ChangeBatchFormat.IsInside(change, diskBytes))
        {
            throw Malformed($"has at sequence {change.Sequence} the range {change.Offset}+{change.Length}, which is not inside the disk's {diskBytes} bytes or not on sectors");
        }
    }

    private static AsrException Malformed(string what) => new(
        AsrErrorCode.BatchMalformed,
        $"The batch {what}.",
        "Nothing was stored. The sender resynchronises; if it happens again, compare the versions of agent and appliance.");
}
