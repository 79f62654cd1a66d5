using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Asr.Engine.Blocks;

/// <summary>The Linux calls on files that .NET does not offer. Each sets the last P/Invoke error.</summary>
internal static partial class LibC
{
    public const int OpenReadOnly = 0;
    public const int OpenReadWrite = 2;
    public const int OpenCreate = 0x40;
    public const int OpenExclusive = 0x80;
    public const int OpenCloseOnExec = 0x80000;

    /// <summary>O_DIRECT, which is the one flag here that the architectures number differently.</summary>
    public static readonly int OpenDirect = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;
    public const uint OwnerReadWrite = 0x180;

    public const int SeekEnd = 2;
    public const int SeekData = 3;
    public const int SeekHole = 4;

    public const int LockExclusiveNonBlocking = 2 | 4;

    public const int FallocKeepSize = 1;
    public const int FallocPunchHole = 2;
    public const int FallocZeroRange = 16;

    /// <summary>Begin to write dirty pages out, without waiting for any.</summary>
    public const uint SyncRangeWrite = 2;

    /// <summary>Read only what is in the page cache; fail instead of waiting for the medium.</summary>
    public const int ReadNoWait = 8;

    // ioprio_set has no function in libc. With "process" and 0 it means the calling thread.
    private static readonly long IoPrioritySet = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 30 : 251;
    private const int IoPriorityOfProcess = 1;

    public const int Interrupted = 4;
    public const int Busy = 16;
    public const int NoSuchAddress = 6;
    public const int Exists = 17;
    public const int InvalidArgument = 22;
    public const int NoSpace = 28;
    public const int NotImplemented = 38;
    public const int NotSupported = 95;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int Flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int Fdatasync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    public static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport("libc", EntryPoint = "preadv2", SetLastError = true)]
    public static unsafe partial nint Preadv2(SafeFileHandle file, IoVector* vectors, int count, long offset, int flags);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    public static unsafe partial nint Pwrite(SafeFileHandle file, byte* data, nuint length, long offset);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    public static unsafe partial nint Pread(SafeFileHandle file, byte* data, nuint length, long offset);

    [LibraryImport("libc", EntryPoint = "mlock", SetLastError = true)]
    public static unsafe partial int LockMemory(void* address, nuint length);

    /// <summary>Sets the I/O class and level of the calling thread; false where the system does not.</summary>
    public static bool TrySetThreadIoPriority(int priority) => SystemCall(IoPrioritySet, IoPriorityOfProcess, 0, priority) == 0;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, long which, long who, long priority);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public unsafe struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }
}
