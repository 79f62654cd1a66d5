using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Blocks;

// Reading, writing and the calls that shape the file.
public sealed partial class FileBlockDevice
{
    private const int ZeroBufferBytes = 1024 * 1024;

    // Written in place of holes where the medium has none; never changed.
    private static readonly byte[] s_zeros = GC.AllocateArray<byte>(ZeroBufferBytes, pinned: true);

    private volatile bool _cannotReadCached;

    /// <inheritdoc />
    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        BlockRange.Check(this, offset, buffer.Length);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        int cached = ReadCached(offset, buffer.Span);
        return cached == buffer.Length
            ? ValueTask.CompletedTask
            : new ValueTask(Task.Run(() => IoPriority.Run((Device: this, Offset: offset + cached, Buffer: buffer[cached..]), static read => read.Device.ReadFully(read.Offset, read.Buffer.Span)), cancellationToken));
    }

    /// <inheritdoc />
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        BlockRange.CheckWritable(this, offset, buffer.Length, Path);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        WriteNow(offset, buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken)
    {
        BlockRange.CheckWritable(this, offset, length, Path);
        return length == 0 ? ValueTask.CompletedTask : new ValueTask(Task.Run(() => Zero(offset, length, punchHole, cancellationToken), cancellationToken));
    }

    /// <summary>
    /// Lets the medium begin with what has been written to a range, so that a later flush finds little left to do. Promises nothing: only
    /// <see cref="FlushAsync"/> makes anything durable, and it also tells what failed here.
    /// </summary>
    public void BeginWriteBack(long offset, long length)
    {
        BlockRange.Check(this, offset, length);
        _ = LibC.SyncFileRange(_file, offset, length, LibC.SyncRangeWrite);
    }

    /// <inheritdoc />
    public ValueTask FlushAsync(CancellationToken cancellationToken) =>
        IsReadOnly ? ValueTask.CompletedTask : new ValueTask(Task.Run(Flush, cancellationToken));

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken)
    {
        BlockRange.Check(this, offset, length);
        List<BlockExtent> extents = [];
        long end = offset + length;
        while (offset < end)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (long dataStart, long dataEnd) = FindData(offset, end);
            BlockExtents.Append(extents, new BlockExtent(offset, dataStart - offset, ExtentKind.Hole));
            BlockExtents.Append(extents, new BlockExtent(dataStart, dataEnd - dataStart, ExtentKind.Data));
            offset = dataEnd;
        }

        return ValueTask.FromResult<IReadOnlyList<BlockExtent>>(extents);
    }

    /// <summary>The next run of data in the range; empty at <paramref name="end"/> when the rest is a hole.</summary>
    private (long Start, long End) FindData(long offset, long end)
    {
        // The file position is shared by nobody: all I/O here names its offset.
        long start = LibC.Seek(_file, offset, LibC.SeekData);
        if (start < 0)
        {
            // "No such address" means no data up to the end; any other error that the file system cannot tell.
            return Marshal.GetLastPInvokeError() == LibC.NoSuchAddress ? (end, end) : (offset, end);
        }

        start = Math.Min(start, end);
        long stop = start == end ? end : LibC.Seek(_file, start, LibC.SeekHole);
        // Another process may have punched the run in between; then the rest counts as data, which is always right.
        return (start, stop <= start ? end : Math.Min(stop, end));
    }

    /// <summary>Reads what the page cache holds, from the start of the buffer, and returns its length.</summary>
    private unsafe int ReadCached(long offset, Span<byte> buffer)
    {
        if (_cannotReadCached)
        {
            return 0;
        }

        fixed (byte* start = buffer)
        {
            LibC.IoVector vector = new() { Base = start, Length = (nuint)buffer.Length };
            nint count = LibC.Preadv2(_file, &vector, 1, offset, LibC.ReadNoWait);
            if (count >= 0)
            {
                return (int)count;
            }
        }

        // Kernels and file systems without the flag say so once; any other error is left to the ordinary read.
        int error = Marshal.GetLastPInvokeError();
        _cannotReadCached = error is LibC.NotSupported or LibC.NotImplemented or LibC.InvalidArgument;
        return 0;
    }

    private void ReadFully(long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            int count;
            try
            {
                count = RandomAccess.Read(_file, buffer, offset);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw Unreadable(Path, $"reading {buffer.Length} bytes at {offset} failed: {error.Message}", error);
            }

            if (count == 0)
            {
                throw new AsrException(
                    AsrErrorCode.DiskSizeChanged, $"Disk '{Path}' ends at {offset}; it had {Length} bytes when it was opened.", "Open the disk again.", Path);
            }

            offset += count;
            buffer = buffer[count..];
        }
    }

    /// <summary>Writes the whole buffer before it returns; the caller has checked the range.</summary>
    internal unsafe void WriteNow(long offset, ReadOnlySpan<byte> buffer)
    {
        // Not RandomAccess.Write, which looks at the kind of file for each call: that shows in writes of 4 KiB.
        fixed (byte* start = buffer)
        {
            for (int done = 0; done < buffer.Length;)
            {
                nint count = LibC.Pwrite(_file, start + done, (nuint)(buffer.Length - done), offset + done);
                if (count > 0)
                {
                    done += (int)count;
                    continue;
                }

                int error = count == 0 ? LibC.NoSpace : Marshal.GetLastPInvokeError();
                if (error != LibC.Interrupted)
                {
                    throw WriteFailed(offset + done, buffer.Length - done, error == LibC.NoSpace, Marshal.GetPInvokeErrorMessage(error));
                }
            }
        }
    }

    private void Zero(long offset, long length, bool punchHole, CancellationToken cancellationToken)
    {
        if ((punchHole && TryFallocate(LibC.FallocPunchHole, offset, length)) || TryFallocate(LibC.FallocZeroRange, offset, length))
        {
            return;
        }

        while (length > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = (int)Math.Min(length, s_zeros.Length);
            WriteNow(offset, s_zeros.AsSpan(0, count));
            offset += count;
            length -= count;
        }
    }

    /// <summary>False when the medium cannot do it; other failures throw.</summary>
    private bool TryFallocate(int mode, long offset, long length)
    {
        while (LibC.Fallocate(_file, mode | LibC.FallocKeepSize, offset, length) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error is LibC.NotSupported or LibC.NotImplemented or LibC.InvalidArgument)
            {
                // "Invalid argument" is how block devices refuse ranges that are not whole sectors.
                return false;
            }

            if (error != LibC.Interrupted)
            {
                throw WriteFailed(offset, length, error == LibC.NoSpace, LastError());
            }
        }

        return true;
    }

    private void Flush()
    {
        if (LibC.Fdatasync(_file) != 0)
        {
            // After a failed sync the kernel has dropped the dirty pages, so a second try that succeeds would prove nothing.
            throw WriteFailed(0, Length, Marshal.GetLastPInvokeError() == LibC.NoSpace, $"flush: {LastError()}");
        }
    }

    private AsrException WriteFailed(long offset, long length, bool isFull, string reason) => isFull
        ? new AsrException(AsrErrorCode.DiskFull, $"No space left for {length} bytes at {offset} of disk '{Path}'.", "Free space where the disk is stored.", Path)
        : Unreadable(Path, $"writing {length} bytes at {offset} failed: {reason}", null);
}
