using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using Asr.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Asr.Engine.Blocks;

/// <summary>
/// A disk in a raw image file or on a block device, on Linux. A writable one holds an exclusive advisory lock (flock) until it is disposed, so two
/// processes of this product never write one disk. Writes, and reads of cached data, end synchronously in the page cache, where a thread
/// hop would cost more than the call; reads that must wait for the medium, flushes and zeroing run on the thread pool.
/// </summary>
public sealed partial class FileBlockDevice : IBlockDevice, IChangeStamped
{
    private readonly SafeFileHandle _file;

    private FileBlockDevice(SafeFileHandle file, string path, long length, bool isReadOnly, bool isRawDevice)
    {
        _file = file;
        Path = path;
        Length = length;
        IsReadOnly = isReadOnly;
        IsRawDevice = isRawDevice;

        // Before the probe below, which may count as a change.
        StampAtOpen = ReadStamp();
        CanZeroFast = !isReadOnly && !isRawDevice && TryFallocate(LibC.FallocPunchHole, length, 4096);
    }

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <inheritdoc />
    public long Length { get; }

    /// <inheritdoc />
    public bool IsReadOnly { get; }

    /// <summary>True for a block device, false for a file.</summary>
    public bool IsRawDevice { get; }

    /// <summary>True when the file system was seen to punch holes, so that <see cref="ZeroAsync"/> with a hole costs no writing of zeros.</summary>
    public bool CanZeroFast { get; }

    /// <inheritdoc />
    public long StampAtOpen { get; }

    /// <inheritdoc />
    /// <remarks>The file's last write time in ticks. A device node's says nothing of its content.</remarks>
    public long ReadStamp() => IsRawDevice ? 0 : File.GetLastWriteTimeUtc(_file).Ticks;

    /// <summary>Opens an existing image or block device.</summary>
    /// <exception cref="AsrException">
    /// <see cref="AsrErrorCode.DiskUnreadable"/> (absent, no permission, not a disk), <see cref="AsrErrorCode.DiskUnsupported"/> (size),
    /// <see cref="AsrErrorCode.DiskBusy"/> (locked by another process).
    /// </exception>
    public static FileBlockDevice Open(string path, bool isReadOnly)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Adopt(OpenHandle(path, create: false, isReadOnly), path, isReadOnly);
    }

    /// <summary>Creates a sparse image of zeros; fails with <see cref="AsrErrorCode.AlreadyExists"/> when the path is taken.</summary>
    /// <param name="path">Where; the folder must exist.</param>
    /// <param name="length">Bytes, a multiple of 512.</param>
    public static FileBlockDevice Create(string path, long length)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        CheckLength(path, length);
        SafeFileHandle file = OpenHandle(path, create: true, isReadOnly: false);
        try
        {
            RandomAccess.SetLength(file, length);
            return Adopt(file, path, isReadOnly: false);
        }
        catch (Exception error)
        {
            file.Dispose();
            File.Delete(path);
            if (error is IOException)
            {
                throw Unreadable(path, error.Message, error);
            }

            throw;
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        // Closing the last descriptor releases the lock.
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    private static SafeFileHandle OpenHandle(string path, bool create, bool isReadOnly)
    {
        if (Directory.Exists(path))
        {
            throw Unreadable(path, "it is a folder", null);
        }

        if (!OperatingSystem.IsLinux())
        {
            throw Unreadable(path, "disks are opened on Linux only", null);
        }

        // Not File.OpenHandle: on Unix that takes a lock of its own, which keeps readers out while there is a writer.
        int access = isReadOnly ? LibC.OpenReadOnly : LibC.OpenReadWrite;
        int flags = access | LibC.OpenCloseOnExec | (create ? LibC.OpenCreate | LibC.OpenExclusive : 0);
        int descriptor = LibC.Open(path, flags, LibC.OwnerReadWrite);
        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        throw Marshal.GetLastPInvokeError() == LibC.Exists
            ? new AsrException(AsrErrorCode.AlreadyExists, $"Cannot create disk '{path}': it exists.", "Choose another path or remove the file.", path)
            : Unreadable(path, LastError(), null);
    }

    private static FileBlockDevice Adopt(SafeFileHandle file, string path, bool isReadOnly)
    {
        try
        {
            if (!isReadOnly && LibC.Flock(file, LibC.LockExclusiveNonBlocking) != 0)
            {
                throw new AsrException(
                    AsrErrorCode.DiskBusy, $"Disk '{path}' is open for writing in another process.", "Stop the other process, or open the disk for reading.", path);
            }

            long length = MeasureLength(file, path);
            CheckLength(path, length);
            return new FileBlockDevice(file, path, length, isReadOnly, isRawDevice: RandomAccess.GetLength(file) == 0);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static long MeasureLength(SafeFileHandle file, string path)
    {
        // The end of a block device is where seeking stops; its stat size is 0.
        long length = LibC.Seek(file, 0, LibC.SeekEnd);
        return length >= 0 ? length : throw Unreadable(path, LastError(), null);
    }

    private static void CheckLength(string path, long length)
    {
        if (length <= 0 || length % 512 != 0)
        {
            throw new AsrException(
                AsrErrorCode.DiskUnsupported, $"Disk '{path}' has {length} bytes, which is not a positive multiple of 512.", "Use a raw image or block device.", path);
        }
    }

    private static AsrException Unreadable(string path, string reason, Exception? inner) =>
        new(AsrErrorCode.DiskUnreadable, $"Disk '{path}' cannot be used: {reason}", "Check the path, its permissions and the medium.", path, inner);

    private static string LastError() => Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
}
