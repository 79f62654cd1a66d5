using System;
using System.Buffers;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Blocks;

/// <summary>
/// A private writable view of a disk: blocks written here live in an overlay file, all others are read from the base, which is never
/// changed. Does not dispose the base; the base must not change while any overlay of it is in use.
/// </summary>
/// <remarks>
/// <para>The dirty map is kept twice in the overlay file (<see cref="OverlayFormat"/>). A write puts its data into the file, then its bits
/// into the <em>live</em> map, then returns. A flush syncs the data, then copies the new bits to the <em>stable</em> map and syncs again.</para>
/// <para>After kill -9 the page cache is intact, so the live map is right: every write that returned is found. After a loss of power (the
/// boot id in the header is not the running kernel's) live bits may be on disk without their data, so the stable map is used instead: every
/// write before the last flush is found, and a block first written after it shows either the base or the new data, as on any disk.
/// Zeroed blocks are holes in the data with their bit set; the map, not the file's holes, says what hides the base.</para>
/// </remarks>
public sealed partial class OverlayBlockDevice : IBlockDevice
{
    private const int BlockBytes = OverlayFormat.BlockBytes;

    private readonly IBlockDevice _base;
    private readonly FileBlockDevice _file;
    private readonly BlockBitmap _dirty;
    private readonly long _dataStart;

    // Writers of one block take turns: the first copies the rest of the block from the base, which must not undo its neighbour's write.
    private readonly RangeLock _writers = new();

    // Guards the maps: setting bits, and their way to the file.
    private readonly Lock _mapGate = new();
    private readonly SemaphoreSlim _flushGate = new(1, 1);

    // Bytes of the live map that differ from the stable one; empty when start >= end.
    private long _unstableStart = long.MaxValue;
    private long _unstableEnd;

    // Bytes of the map in memory that the live map lacks after a failed write of it.
    private long _unsavedStart = long.MaxValue;
    private long _unsavedEnd;

    private OverlayBlockDevice(IBlockDevice baseDevice, FileBlockDevice file, BlockBitmap dirty)
    {
        _base = baseDevice;
        _file = file;
        _dirty = dirty;
        _dataStart = OverlayFormat.DataStart(baseDevice.Length);
    }

    /// <inheritdoc />
    public long Length => _base.Length;

    /// <inheritdoc />
    public bool IsReadOnly => false;

    /// <summary>Bytes of the disk that the overlay hides from the base.</summary>
    public long DirtyBytes
    {
        get
        {
            lock (_mapGate)
            {
                return _dirty.CountSet() * BlockBytes;
            }
        }
    }

    /// <inheritdoc />
    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        BlockRange.Check(this, offset, buffer.Length);
        while (buffer.Length > 0)
        {
            (bool isDirty, long run) = RunAt(offset, buffer.Length);
            Memory<byte> part = buffer[..(int)run];
            await (isDirty
                ? _file.ReadAsync(_dataStart + offset, part, cancellationToken)
                : _base.ReadAsync(offset, part, cancellationToken)).ConfigureAwait(false);
            offset += run;
            buffer = buffer[(int)run..];
        }
    }

    /// <inheritdoc />
    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        BlockRange.CheckWritable(this, offset, buffer.Length, _file.Path);
        if (buffer.Length == 0)
        {
            return;
        }

        using RangeLock.Holder holder = await LockBlocksAsync(offset, buffer.Length, cancellationToken).ConfigureAwait(false);
        await CopyEdgesAsync(offset, buffer.Length, cancellationToken).ConfigureAwait(false);
        await _file.WriteAsync(_dataStart + offset, buffer, cancellationToken).ConfigureAwait(false);
        Mark(offset, buffer.Length);
    }

    /// <inheritdoc />
    public async ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken)
    {
        BlockRange.CheckWritable(this, offset, length, _file.Path);
        if (length == 0)
        {
            return;
        }

        using RangeLock.Holder holder = await LockBlocksAsync(offset, length, cancellationToken).ConfigureAwait(false);
        await CopyEdgesAsync(offset, length, cancellationToken).ConfigureAwait(false);
        await _file.ZeroAsync(_dataStart + offset, length, punchHole, cancellationToken).ConfigureAwait(false);
        Mark(offset, length);
    }

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken)
    {
        BlockRange.Check(this, offset, length);
        List<BlockExtent> extents = [];
        long end = offset + length;
        while (offset < end)
        {
            (bool isDirty, long run) = RunAt(offset, end - offset);
            long shift = isDirty ? _dataStart : 0;
            IReadOnlyList<BlockExtent> part = await (isDirty ? (IBlockDevice)_file : _base)
                .GetExtentsAsync(offset + shift, run, cancellationToken).ConfigureAwait(false);
            BlockExtents.AppendClipped(extents, part, offset + shift, run, -shift);
            offset += run;
        }

        return extents;
    }

    /// <summary>Closes the overlay file; the base stays open. What was written is found at the next opening even without a flush.</summary>
    public ValueTask DisposeAsync()
    {
        _flushGate.Dispose();
        return _file.DisposeAsync();
    }

    /// <summary>The run of blocks from <paramref name="offset"/> that are all dirty or all clean, in bytes, at most <paramref name="length"/>.</summary>
    private (bool IsDirty, long Bytes) RunAt(long offset, long length)
    {
        long first = offset / BlockBytes;
        long limit = OverlayFormat.BlockCount(offset + length) - first;
        bool isDirty = _dirty[first];
        // A clean block may become dirty between the two looks; the base is still right for one that overlaps a write in flight.
        long blocks = Math.Max(1, _dirty.RunLength(first, limit, isDirty));
        return (isDirty, Math.Min(length, (first + blocks) * BlockBytes - offset));
    }

    private ValueTask<RangeLock.Holder> LockBlocksAsync(long offset, long length, CancellationToken cancellationToken)
    {
        long start = offset / BlockBytes * BlockBytes;
        long end = OverlayFormat.BlockCount(offset + length) * BlockBytes;
        return _writers.AcquireAsync(start, end - start, exclusive: true, cancellationToken);
    }

    /// <summary>Copies the first and the last block from the base when the change covers only a part of them and they are clean.</summary>
    private async ValueTask CopyEdgesAsync(long offset, long length, CancellationToken cancellationToken)
    {
        long end = offset + length;
        long first = offset / BlockBytes;
        long last = (end - 1) / BlockBytes;
        if (offset % BlockBytes != 0 || (first == last && end < BlockEnd(first)))
        {
            await CopyUpAsync(first, cancellationToken).ConfigureAwait(false);
        }

        if (last != first && end < BlockEnd(last))
        {
            await CopyUpAsync(last, cancellationToken).ConfigureAwait(false);
        }
    }

    private long BlockEnd(long block) => Math.Min(Length, (block + 1) * BlockBytes);

    private async ValueTask CopyUpAsync(long block, CancellationToken cancellationToken)
    {
        if (_dirty[block])
        {
            return;
        }

        long start = block * BlockBytes;
        int count = (int)(BlockEnd(block) - start);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(count);
        await _base.ReadAsync(start, buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
        await _file.WriteAsync(_dataStart + start, buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
        // Not returned after a failure: a device that broke its promise might still be writing into it.
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
