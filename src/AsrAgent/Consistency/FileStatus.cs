using System;
using System.IO;
using System.Runtime.InteropServices;

namespace Asr.Agent.Consistency;

/// <summary>What .NET does not tell of a file: its owner, and the device it stands for.</summary>
/// <param name="Mode">Type and permissions.</param>
/// <param name="OwnerId">User id of the owner.</param>
/// <param name="Device">The device it stands for, where it is one.</param>
internal readonly partial record struct FileStatus(ushort Mode, uint OwnerId, DeviceNumber Device)
{
    // struct statx, which is the same on all architectures; struct stat is not.
    private const int StatusBytes = 256;
    private const int OwnerAt = 20;
    private const int ModeAt = 28;
    private const int DeviceMajorAt = 128;
    private const int DeviceMinorAt = 132;
    private const ushort TypeMask = 0xF000;
    private const ushort BlockDeviceType = 0x6000;
    private const int RelativeToWorkingFolder = -100;
    private const uint StatusBasic = 0x7FF;

    /// <summary>True for a block device.</summary>
    public bool IsBlockDevice => (Mode & TypeMask) == BlockDeviceType;

    /// <summary>The permissions.</summary>
    public UnixFileMode Permissions => (UnixFileMode)(Mode & 0xFFF);

    /// <summary>Looks at what is at a path, or where its link leads; null when there is nothing.</summary>
    public static unsafe FileStatus? Read(string path)
    {
        byte* status = stackalloc byte[StatusBytes];
        if (Statx(RelativeToWorkingFolder, path, 0, StatusBasic, status) != 0)
        {
            return null;
        }

        ReadOnlySpan<byte> fields = new(status, StatusBytes);
        return new FileStatus(
            BitConverter.ToUInt16(fields[ModeAt..]),
            BitConverter.ToUInt32(fields[OwnerAt..]),
            new DeviceNumber(BitConverter.ToUInt32(fields[DeviceMajorAt..]), BitConverter.ToUInt32(fields[DeviceMinorAt..])));
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, byte* status);
}
