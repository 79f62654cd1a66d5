using System;
using System.IO;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Asr.Engine.Vault.Local;

/// <summary>The POSIX calls that .NET has no equivalent for. Every failure is an <see cref="IOException"/> whose HResult is the errno.</summary>
internal static partial class NativeFile
{
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int EEXIST = 17;
    public const int EINVAL = 22;
    public const int ENOSPC = 28;
    public const int ENOSYS = 38;
    public const int ENOTEMPTY = 39;
    public const int EDQUOT = 122;

    private const int AtCurrentDirectory = -100;
    private const uint RenameNoReplace = 1;
    private const int LockExclusive = 2;
    private const int OpenCloseOnExec = 0x80000;
    private const int SetStatusFlags = 4;

    // O_DIRECT; its number is one of the few that differ.
    private static readonly int s_direct = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;

    /// <summary>
    /// fsync through this call and not <c>RandomAccess.FlushToDisk</c>, which takes some errors for "not supported" and is silent.
    /// Interruption by a signal is the one failure after which nothing was tried yet, so it alone is repeated.
    /// </summary>
    public static void Sync(SafeFileHandle handle, string path)
    {
        while (FSync(handle) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != EINTR)
            {
                throw Failure("fsync", path, error);
            }
        }
    }

    /// <summary>False when the target exists.</summary>
    public static bool TryRename(string source, string target)
    {
        int error = RenameAt2(AtCurrentDirectory, source, AtCurrentDirectory, target, RenameNoReplace) == 0 ? 0 : Marshal.GetLastPInvokeError();
        if (error is EINVAL or ENOSYS)
        {
            // The file system (NFS, some FUSE) has no such flag. A second name that must be new, then one name less: as atomic, and after
            // a crash in between the leftover is an ordinary temporary file.
            error = Link(source, target) == 0 ? 0 : Marshal.GetLastPInvokeError();
            if (error == 0 && Unlink(source) != 0)
            {
                throw Failure("unlink", source, Marshal.GetLastPInvokeError());
            }
        }

        return error switch
        {
            0 => true,
            EEXIST => false,
            _ => throw Failure("rename", target, error),
        };
    }

    /// <summary>Waits for the exclusive lock; it ends with the handle.</summary>
    public static void LockFile(SafeFileHandle handle, string path)
    {
        while (FLock(handle, LockExclusive) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != EINTR)
            {
                throw Failure("flock", path, error);
            }
        }
    }

    /// <summary>Lets writes to the file go past the page cache, or by it again; false when the file system has no such way.</summary>
    public static bool TrySetDirect(SafeFileHandle handle, string path, bool isDirect)
    {
        if (FCntl(handle, SetStatusFlags, isDirect ? s_direct : 0) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == EINVAL ? false : throw Failure("fcntl", path, error);
    }

    /// <summary>Opens a directory, which .NET does not, so that it can be synced.</summary>
    public static SafeFileHandle OpenDirectory(string path)
    {
        SafeFileHandle handle = Open(path, OpenCloseOnExec);
        return handle.IsInvalid ? throw Failure("open", path, Marshal.GetLastPInvokeError()) : handle;
    }

    /// <summary>Deletes an empty directory; false when it is not there.</summary>
    public static bool RemoveDirectory(string path)
    {
        if (RmDir(path) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == ENOENT ? false : throw Failure("rmdir", path, error);
    }

    private static IOException Failure(string call, string path, int error) =>
        new($"{call} of '{path}' failed: {Marshal.GetPInvokeErrorMessage(error)}", error);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FCntl(SafeFileHandle file, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FLock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int sourceDirectory, string source, int targetDirectory, string target, uint flags);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string source, string target);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RmDir(string path);
}
