using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using Asr.Contracts;

namespace Asr.Agent.Consistency;

/// <summary>A descriptor on a file system by which it can be frozen and thawed whatever its paths show meanwhile. Keeps it from being unmounted until disposed.</summary>
internal sealed class OpenedFileSystem : IDisposable
{
    private int _descriptor;

    private OpenedFileSystem(int descriptor, MountEntry mount, int height)
    {
        _descriptor = descriptor;
        Mount = mount;
        Height = height;
    }

    /// <summary>The mount it was opened at.</summary>
    public MountEntry Mount { get; }

    /// <summary>How many file systems it stands on.</summary>
    public int Height { get; }

    /// <summary>The descriptor.</summary>
    public int Descriptor => _descriptor;

    /// <summary>What came of its freeze: 0 or an error number.</summary>
    public int Result { get; set; }

    /// <summary>True from its freeze to its thaw.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>Opens a file system at the first of its mounts that can be reached.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.QuiesceFailed"/> when none can.</exception>
    public static OpenedFileSystem Open(MountedFileSystem fileSystem)
    {
        string? why = null;
        foreach (MountEntry mount in fileSystem.Mounts)
        {
            if (TryOpen(mount, fileSystem.Height, out string? failure) is { } opened)
            {
                return opened;
            }

            why ??= failure;
        }

        string place = fileSystem.Mounts[0].MountPoint;
        throw new AsrException(
            AsrErrorCode.QuiesceFailed,
            $"The file system at '{place}' cannot be reached: {why}. Nothing was frozen.",
            "Let the agent see it where it is mounted (a service's sandbox may hide it), or do not protect its disk.",
            place);
    }

    /// <summary>Opens a file system that was noted; null when it is not there any more.</summary>
    public static OpenedFileSystem? TryOpen(IReadOnlyList<MountEntry> mounts, NotedFileSystem noted) =>
        mounts.Where(mount => mount.Device == new DeviceNumber(noted.Major, noted.Minor))
            .OrderByDescending(mount => mount.MountPoint == noted.MountPoint)
            .Select(mount => TryOpen(mount, 0, out _))
            .FirstOrDefault(opened => opened is not null);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = FreezeCalls.Close(_descriptor);
            _descriptor = -1;
        }
    }

    private static OpenedFileSystem? TryOpen(MountEntry mount, int height, out string? failure)
    {
        int descriptor = FreezeCalls.OpenDirectory(mount.MountPoint);
        if (descriptor < 0)
        {
            failure = Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
            return null;
        }

        // Another mount on the same folder, or above it, may be what the path leads to.
        if (MountIdOf(descriptor) != mount.Id)
        {
            _ = FreezeCalls.Close(descriptor);
            failure = "another mount covers it";
            return null;
        }

        failure = null;
        return new OpenedFileSystem(descriptor, mount, height);
    }

    private static int? MountIdOf(int descriptor)
    {
        const string Label = "mnt_id:";
        string? line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fdinfo/{descriptor}"))
            .FirstOrDefault(line => line.StartsWith(Label, StringComparison.Ordinal));
        return line is not null && int.TryParse(line.AsSpan(Label.Length), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out int id) ? id : null;
    }
}
