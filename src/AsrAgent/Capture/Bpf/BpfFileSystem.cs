using System;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using Asr.Contracts;

namespace Asr.Agent.Capture.Bpf;

/// <summary>The file system in which kernel objects are pinned.</summary>
internal static partial class BpfFileSystem
{
    private const string MountPoint = "/sys/fs/bpf";

    /// <summary>Its path; mounted first where the system has not done so.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.CaptureUnavailable"/>.</exception>
    public static string Require()
    {
        if (!IsMounted() && Mount("bpf", MountPoint, "bpf", 0, 0) != 0 && !IsMounted())
        {
            throw new AsrException(
                AsrErrorCode.CaptureUnavailable,
                $"There is no BPF file system at {MountPoint} and none can be mounted: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}",
                "Run the agent as root on a kernel with BPF; until then the disk is compared by hash.");
        }

        return MountPoint;
    }

    private static bool IsMounted() => File.ReadLines("/proc/self/mounts").Any(static line => line.Split(' ') is [_, MountPoint, "bpf", ..]);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, nuint flags, nint data);
}
