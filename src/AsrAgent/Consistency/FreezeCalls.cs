using System;
using System.Runtime.InteropServices;

namespace Asr.Agent.Consistency;

/// <summary>
/// The Linux calls that freezing, thawing and guarding need. Descriptors are plain numbers: a <see cref="SafeHandle"/> would take locks where nothing may wait. Each sets the last
/// P/Invoke error.
/// </summary>
internal static unsafe partial class FreezeCalls
{
    public const int Interrupted = 4;
    public const int Busy = 16;
    public const int InvalidArgument = 22;
    public const int NotSupported = 95;

    // _IOWR('X', 119, int) and the next.
    private const nuint FreezeRequest = 0xC0045877;
    private const nuint ThawRequest = 0xC0045878;

    private const int OpenReadOnly = 0;
    private const int OpenCloseOnExec = 0x80000;

    private const int LockCurrent = 1;
    private const int LockFuture = 2;
    private const int LockOnFault = 4;

    // One of the few constants that differ between the architectures.
    private static readonly int OpenDirectoryOnly = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x10000;

    /// <summary>Opens a folder for reading; negative when it cannot be.</summary>
    public static int OpenDirectory(string path) => Open(path, OpenReadOnly | OpenDirectoryOnly | OpenCloseOnExec, 0);

    /// <summary>Freezes the file system of a descriptor; 0 or the error number.</summary>
    public static int Freeze(int descriptor) => Ioctl(descriptor, FreezeRequest, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Thaws the file system of a descriptor; 0 or the error number, <see cref="InvalidArgument"/> when it is not frozen.</summary>
    public static int Thaw(int descriptor) => Ioctl(descriptor, ThawRequest, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Keeps in memory from now on what the process touches, so that it never waits for a disk. Best effort: it needs CAP_IPC_LOCK or a limit that is high enough.</summary>
    public static bool TryLockMemory() => LockAll(LockCurrent | LockFuture | LockOnFault) == 0;

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    public static partial int SyncFileSystem(int descriptor);

    /// <summary>Leaves the session and process group, so that no signal to them arrives.</summary>
    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    public static partial int LeaveSession();

    /// <summary>Sets what a signal does; 1 is to ignore it.</summary>
    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    public static partial nint SetSignal(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int descriptor, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "mlockall", SetLastError = true)]
    private static partial int LockAll(int flags);
}
