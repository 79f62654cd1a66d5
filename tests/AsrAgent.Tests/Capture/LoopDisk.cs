using System;
using System.IO;
using System.Threading.Tasks;
using Asr.Agent.Capture;
using Asr.Agent.Capture.Bpf;
using Asr.Agent.Disks;
using Asr.Agent.State;
using Asr.Agent.Tests.EndToEnd;
using Asr.Tests.Shared;

namespace Asr.Agent.Tests.Capture;

/// <summary>A block device of its own, on an image in a temporary folder, for one test. Needs root. What is mounted of it is unmounted when disposed.</summary>
internal sealed class LoopDisk : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private string? _mountPoint;

    private LoopDisk()
    {
    }

    /// <summary>The device, such as /dev/loop3.</summary>
    public string DevicePath { get; private set; } = "";

    public string MountPoint => _mountPoint ?? throw new InvalidOperationException("The disk is not mounted.");

    public BlockDeviceFacts Facts => BlockDeviceFacts.Of(DevicePath);

    public static async Task<LoopDisk> CreateAsync(long bytes)
    {
        RealTools.RequireRoot();
        RealTools.Require("losetup");
        LoopDisk disk = new();
        try
        {
            string image = disk._folder.At("disk.img");
            await using (FileStream file = File.Create(image))
            {
                file.SetLength(bytes);
            }

            disk.DevicePath = (await RealTools.CheckAsync("losetup", "--find", "--show", "--partscan", image)).Trim();
            return disk;
        }
        catch
        {
            await disk.DisposeAsync();
            throw;
        }
    }

    public async Task FormatAsync(string fileSystem) =>
        await RealTools.CheckAsync("mkfs." + fileSystem, fileSystem == "ext4" ? ["-q", "-F", DevicePath] : ["-q", "-f", DevicePath]);

    /// <summary>Removes what an agent has left in the kernel and in /run of its tracking of this disk. The agent must have ended.</summary>
    /// <param name="state">The agent's state folder.</param>
    /// <param name="name">The disk's name there.</param>
    public void RemoveTracking(string state, string name)
    {
        Guid disk = DiskRegistry.Load(StateFolder.Open(state)).Resolve(name, DevicePath).Id;
        PinnedTracker.Remove(TrackedDisk.PinPath(disk));
        File.Delete(TrackedDisk.ActivityLogPath(disk));
    }

    public async Task MountAsync(string? device = null)
    {
        RealTools.Require("mount", "umount");
        string point = Directory.CreateDirectory(_folder.At("mnt")).FullName;
        await RealTools.CheckAsync("mount", device ?? DevicePath, point);
        _mountPoint = point;
    }

    public async Task UnmountAsync()
    {
        if (_mountPoint is { } point)
        {
            // While the agent freezes it, it has it open.
            await Eventually.SeeAsync("the disk to be unmounted", () => RealTools.RunAsync("umount", point), static result => result.ExitCode == 0);
            _mountPoint = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await UnmountAsync();
        }
        finally
        {
            if (DevicePath.Length > 0)
            {
                await RealTools.CheckAsync("losetup", "--detach", DevicePath);
            }

            _folder.Dispose();
        }
    }
}
