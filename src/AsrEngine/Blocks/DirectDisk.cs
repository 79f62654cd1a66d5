using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Asr.Engine.Blocks;

/// <summary>
/// A disk of this machine that the workload uses meanwhile, read past the page cache: what the cache has of the device itself may be older than what the file systems
/// have written. Writing is for failback only; it takes the device for itself, so it is refused while anything of it is mounted. Reads and writes of any
/// alignment are allowed and run on the thread pool.
/// </summary>
public sealed class DirectDisk : IBlockDevice
{
    private const int BounceBytes = 1 << 20;
    private const int SparesMax = 8;

    private readonly SafeFileHandle _file;
    private readonly ConcurrentBag<AlignedBuffer> _spares = [];
    private readonly Lock _gate = new();
    private SafeFileHandle? _writable;

    private DirectDisk(string path, SafeFileHandle file, long length)
    {
        Path = path;
        _file = file;
        Length = length;
    }

    /// <summary>The device's node.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public long Length { get; }

    /// <inheritdoc/>
    public bool IsReadOnly => false;

    /// <summary>Opens a device for reading.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.DiskUnreadable"/> or <see cref="AsrErrorCode.DiskUnsupported"/>.</exception>
    public static DirectDisk Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SafeFileHandle file = OpenHandle(path, LibC.OpenReadOnly);
        long length = LibC.Seek(file, 0, LibC.SeekEnd);
        if (length <= 0 || length % 512 != 0)
        {
            file.Dispose();
            throw new AsrException(
                AsrErrorCode.DiskUnsupported, $"Disk '{path}' has {length} bytes, which is not a positive multiple of 512.", "Name a block device with a medium.", path);
        }

        return new DirectDisk(path, file, length);
    }

    /// <inheritdoc/>
    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        BlockRange.Check(this, offset, buffer.Length);
        return new ValueTask(Task.Run(() => IoPriority.Run((Disk: this, offset, buffer, cancellationToken), static read => read.Disk.ReadFully(read.offset, read.buffer.Span, read.cancellationToken)), cancellationToken));
    }

    /// <summary>Reads straight into aligned memory on the caller's thread. Offset and length are multiples of 512 and of the device's sector.</summary>
    internal unsafe void ReadInto(long offset, byte* target, int length)
    {
        for (int done = 0; done < length;)
        {
            nint count = LibC.Pread(_file, target + done, (nuint)(length - done), offset + done);
            if (count > 0)
            {
                done += (int)count;
                continue;
            }

            int error = count == 0 ? LibC.NoSuchAddress : Marshal.GetLastPInvokeError();
            if (error != LibC.Interrupted)
            {
                throw Failed($"reading {length - done} bytes at {offset + done}", error);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        BlockRange.CheckWritable(this, offset, buffer.Length, Path);
        return new ValueTask(Task.Run(
            () =>
            {
                SafeFileHandle file = Writable();
                for (int done = 0; done < buffer.Length;)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    done += WritePart(file, offset + done, buffer.Span[done..]);
                }
            },
            cancellationToken));
    }

    /// <inheritdoc/>
    public async ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken)
    {
        BlockRange.CheckWritable(this, offset, length, Path);
        byte[] zeros = new byte[Math.Min(length, BounceBytes)];
        for (long done = 0; done < length; done += zeros.Length)
        {
            await WriteAsync(offset + done, zeros.AsMemory(0, (int)Math.Min(zeros.Length, length - done)), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Also gives the device back to others after writes.</remarks>
    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        SafeFileHandle? writable = Interlocked.Exchange(ref _writable, null);
        return writable is null ? ValueTask.CompletedTask : new ValueTask(Task.Run(
            () =>
            {
                using (writable)
                {
                    if (LibC.Fdatasync(writable) != 0)
                    {
                        throw Failed("flushing", Marshal.GetLastPInvokeError());
                    }
                }
            },
            cancellationToken));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken)
    {
        BlockRange.Check(this, offset, length);
        return ValueTask.FromResult<IReadOnlyList<BlockExtent>>(length == 0 ? [] : [new BlockExtent(offset, length, ExtentKind.Data)]);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _writable?.Dispose();
        _file.Dispose();
        while (_spares.TryTake(out AlignedBuffer? spare))
        {
            spare.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private static SafeFileHandle OpenHandle(string path, int access)
    {
        int descriptor = LibC.Open(path, access | LibC.OpenCloseOnExec | LibC.OpenDirect, 0);
        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        int error = Marshal.GetLastPInvokeError();
        throw error == LibC.Busy
            ? new AsrException(AsrErrorCode.DiskBusy, $"Disk '{path}' is in use: something of it is mounted, or another program has it.", "Unmount its file systems and stop what uses it.", path)
            : new AsrException(
                AsrErrorCode.DiskUnreadable, $"Disk '{path}' cannot be used: {Marshal.GetPInvokeErrorMessage(error)}", "Check the path and that the agent runs as root.", path);
    }

    private SafeFileHandle Writable()
    {
        lock (_gate)
        {
            return _writable ??= OpenHandle(Path, LibC.OpenReadWrite | LibC.OpenExclusive);
        }
    }

    private void ReadFully(long offset, Span<byte> buffer, CancellationToken cancellationToken)
    {
        for (int done = 0; done < buffer.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            done += ReadPart(offset + done, buffer[done..]);
        }
    }

    private unsafe int ReadPart(long offset, Span<byte> target)
    {
        AlignedBuffer bounce = Rent();
        try
        {
            (long start, int length) = Align(offset, target.Length);
            ReadInto(start, bounce.Start, length);
            int skipped = (int)(offset - start);
            int count = Math.Min(target.Length, length - skipped);
            bounce.Span.Slice(skipped, count).CopyTo(target);
            return count;
        }
        finally
        {
            Return(bounce);
        }
    }

    private unsafe int WritePart(SafeFileHandle file, long offset, ReadOnlySpan<byte> source)
    {
        AlignedBuffer bounce = Rent();
        try
        {
            (long start, int length) = Align(offset, source.Length);
            int skipped = (int)(offset - start);
            int count = Math.Min(source.Length, length - skipped);
            if (count < length)
            {
                ReadInto(start, bounce.Start, length);
            }

            source[..count].CopyTo(bounce.Span[skipped..]);
            for (int done = 0; done < length;)
            {
                nint written = LibC.Pwrite(file, bounce.Start + done, (nuint)(length - done), start + done);
                if (written <= 0)
                {
                    throw Failed($"writing {length - done} bytes at {start + done}", written == 0 ? LibC.NoSpace : Marshal.GetLastPInvokeError());
                }

                done += (int)written;
            }

            return count;
        }
        finally
        {
            Return(bounce);
        }
    }

    // The sectors that hold the range, as many as fit the bounce buffer.
    private (long Start, int Length) Align(long offset, int length)
    {
        long start = offset & -AlignedBuffer.Alignment;
        long end = Math.Min(Length, (offset + length + AlignedBuffer.Alignment - 1) & -AlignedBuffer.Alignment);
        return (start, (int)Math.Min(BounceBytes, end - start));
    }

    private AlignedBuffer Rent() => _spares.TryTake(out AlignedBuffer? spare) ? spare : new AlignedBuffer(BounceBytes);

    private void Return(AlignedBuffer buffer)
    {
        if (_spares.Count < SparesMax)
        {
            _spares.Add(buffer);
        }
        else
        {
            buffer.Dispose();
        }
    }

    private AsrException Failed(string what, int error) => new(
        AsrErrorCode.DiskUnreadable, $"Disk '{Path}': {what} failed: {Marshal.GetPInvokeErrorMessage(error)}", "Check the disk, and that it is still attached.", Path);
}
