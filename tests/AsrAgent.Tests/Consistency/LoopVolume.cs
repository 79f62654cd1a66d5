using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Consistency;

/// <summary>A file system in a file, on a loop device, mounted; taken down when disposed. Needs root.</summary>
internal sealed class LoopVolume : IAsyncDisposable
{
    private readonly string _folder;

    private LoopVolume(string folder) => _folder = folder;

    /// <summary>The loop device, or its partition when it has one.</summary>
    public string Device { get; private set; } = "";

    /// <summary>The whole loop device.</summary>
    public string Disk { get; private set; } = "";

    public string MountPoint => Path.Combine(_folder, "mounted here");

    /// <summary>Makes one. XFS refuses less than 300 MiB; the files are sparse.</summary>
    /// <param name="type">ext4, xfs or btrfs.</param>
    /// <param name="below">Folder for the file; null for a temporary one.</param>
    /// <param name="isPartitioned">True to have the file system in a partition.</param>
    public static async Task<LoopVolume> MountAsync(string type, string? below = null, bool isPartitioned = false)
    {
        RealTools.RequireRoot();
        RealTools.Require("losetup", "mount", "umount", "mkfs." + type);
        string folder = Directory.CreateDirectory(Path.Combine(below ?? Path.GetTempPath(), "asr-loop-" + Guid.NewGuid().ToString("N"))).FullName;
        LoopVolume volume = new(folder);
        try
        {
            string image = Path.Combine(folder, "image");
            await using (FileStream file = File.Create(image))
            {
                file.SetLength(type == "ext4" ? 32 << 20 : 320 << 20);
            }

            volume.Disk = (await RealTools.CheckAsync("losetup", "--find", "--show", image)).Trim();
            volume.Device = volume.Disk;
            if (isPartitioned)
            {
                // Told to the kernel rather than written in a table, of which it may know no kind.
                RealTools.Require("addpart");
                await RealTools.CheckAsync("addpart", volume.Disk, "1", "2048", "32768");
                volume.Device = volume.Disk + "p1";
            }

            await RealTools.CheckAsync("mkfs." + type, type == "btrfs" ? "-f" : "-q", volume.Device);
            Directory.CreateDirectory(volume.MountPoint);
            await RealTools.CheckAsync("mount", volume.Device, volume.MountPoint);
            return volume;
        }
        catch
        {
            await volume.DisposeAsync();
            throw;
        }
    }

    public string At(string name) => Path.Combine(MountPoint, name);

    /// <summary>Writes a file and has it on the disk: cannot end while the file system is frozen.</summary>
    public Task WriteAsync(string name = "file") => Task.Run(() =>
    {
        using FileStream file = new(At(name), FileMode.Create, FileAccess.Write, FileShare.None, 1);
        file.Write(Guid.NewGuid().ToByteArray());
        file.Flush(flushToDisk: true);
    });

    /// <summary>Thaws whatever froze it; what is not frozen stays so.</summary>
    public Task ThawAsync() => RealTools.RunAsync("fsfreeze", "--unfreeze", MountPoint);

    public async ValueTask DisposeAsync()
    {
        // Whatever a test did: a frozen file system would hold the machine's next sync for ever.
        await ThawAsync();
        List<string> failures = [];
        if (Directory.Exists(MountPoint))
        {
            failures.Add((await RealTools.RunAsync("umount", MountPoint)).Error);
        }

        if (Disk.Length > 0)
        {
            if (Device != Disk)
            {
                failures.Add((await RealTools.RunAsync("delpart", Disk, "1")).Error);
            }

            failures.Add((await RealTools.RunAsync("losetup", "--detach", Disk)).Error);
        }

        Assert.All(failures.Where(failure => failure.Length > 0), failure => Assert.Fail(failure));
        Directory.Delete(_folder, recursive: true);
    }
}
