using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Blocks;

/// <summary>
/// A disk in memory that spends memory only on chunks once written. Lost with the process; <see cref="FlushAsync"/> does nothing.
/// Every call ends synchronously.
/// </summary>
public sealed class MemoryBlockDevice : IBlockDevice
{
    /// <summary>Bytes of one chunk, the unit of allocation.</summary>
    public const int ChunkBytes = 64 * 1024;

    private readonly ConcurrentDictionary<long, byte[]> _chunks = new();

    /// <summary>Creates a disk of zeros.</summary>
    /// <param name="length">Bytes, a multiple of 512.</param>
    /// <param name="isReadOnly">Refuse every change.</param>
    public MemoryBlockDevice(long length, bool isReadOnly = false)
    {
        if (length < 0 || length % 512 != 0)
        {
            throw new AsrException(AsrErrorCode.DiskUnsupported, $"A disk of {length} bytes is not a whole number of 512-byte sectors.", "Choose a multiple of 512.");
        }

        Length = length;
        IsReadOnly = isReadOnly;
    }

    /// <inheritdoc />
    public long Length { get; }

    /// <inheritdoc />
    public bool IsReadOnly { get; }

    /// <summary>Bytes of memory held by chunks.</summary>
    public long AllocatedBytes => (long)_chunks.Count * ChunkBytes;

    /// <inheritdoc />
    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        BlockRange.Check(this, offset, buffer.Length);
        Span<byte> rest = buffer.Span;
        while (rest.Length > 0)
        {
            int start = (int)(offset % ChunkBytes);
            int count = Math.Min(rest.Length, ChunkBytes - start);
            if (_chunks.TryGetValue(offset / ChunkBytes, out byte[]? chunk))
            {
                chunk.AsSpan(start, count).CopyTo(rest);
            }
            else
            {
                rest[..count].Clear();
            }

            offset += count;
            rest = rest[count..];
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        BlockRange.CheckWritable(this, offset, buffer.Length, "memory");
        ReadOnlySpan<byte> rest = buffer.Span;
        while (rest.Length > 0)
        {
            int start = (int)(offset % ChunkBytes);
            int count = Math.Min(rest.Length, ChunkBytes - start);
            byte[] chunk = _chunks.GetOrAdd(offset / ChunkBytes, static _ => new byte[ChunkBytes]);
            rest[..count].CopyTo(chunk.AsSpan(start));
            offset += count;
            rest = rest[count..];
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken)
    {
        BlockRange.CheckWritable(this, offset, length, "memory");
        while (length > 0)
        {
            int start = (int)(offset % ChunkBytes);
            int count = (int)Math.Min(length, ChunkBytes - start);
            long index = offset / ChunkBytes;
            if (punchHole && count == ChunkBytes)
            {
                // A write that is still copying into the removed chunk overlaps this call, so either may win.
                _chunks.TryRemove(index, out _);
            }
            else if (_chunks.TryGetValue(index, out byte[]? chunk))
            {
                chunk.AsSpan(start, count).Clear();
            }
            else if (!punchHole)
            {
                _chunks.GetOrAdd(index, static _ => new byte[ChunkBytes]);
            }

            offset += count;
            length -= count;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken)
    {
        BlockRange.Check(this, offset, length);
        List<BlockExtent> extents = [];
        while (length > 0)
        {
            long count = Math.Min(length, ChunkBytes - offset % ChunkBytes);
            ExtentKind kind = _chunks.ContainsKey(offset / ChunkBytes) ? ExtentKind.Data : ExtentKind.Hole;
            BlockExtents.Append(extents, new BlockExtent(offset, count, kind));
            offset += count;
            length -= count;
        }

        return ValueTask.FromResult<IReadOnlyList<BlockExtent>>(extents);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
