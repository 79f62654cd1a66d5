using System;
using System.Collections.Generic;
using System.Linq;

namespace Asr.Agent.Consistency;

/// <summary>Finds the writable file systems that lie on disks, through partitions, volumes, arrays and loop devices. One use each: it holds what it has seen.</summary>
internal sealed class FileSystemFinder
{
    private readonly BlockDevices _devices;
    private readonly IReadOnlyList<MountEntry> _mounts;
    private readonly ILookup<DeviceNumber, MountEntry> _fileSystems;
    private readonly Dictionary<DeviceNumber, Ground> _grounds = [];

    /// <summary>Looks at a machine.</summary>
    public FileSystemFinder(BlockDevices devices, IReadOnlyList<MountEntry> mounts)
    {
        _devices = devices;
        _mounts = mounts;
        _fileSystems = mounts.ToLookup(mount => mount.Device);
    }

    /// <summary>The file systems of these disks, each once, the highest first. Those in a file whose place is not known from here are left out: what they write goes
    /// through the file system that holds the file.</summary>
    public IReadOnlyList<MountedFileSystem> Find(IReadOnlyCollection<DeviceNumber> disks)
    {
        List<MountedFileSystem> found = [];
        foreach (IGrouping<DeviceNumber, MountEntry> mounts in _fileSystems)
        {
            if (mounts.First().IsReadOnly)
            {
                continue;
            }

            Ground ground = GroundOf(mounts.Key);
            if (ground.Devices.Overlaps(disks))
            {
                found.Add(new MountedFileSystem(mounts.Key, [.. mounts], ground.Height));
            }
        }

        return [.. found.OrderByDescending(fileSystem => fileSystem.Height)];
    }

    private Ground GroundOf(DeviceNumber fileSystem)
    {
        if (_grounds.TryGetValue(fileSystem, out Ground? known))
        {
            return known;
        }

        // Told before it is known: should a file system seem to stand on itself, that ends there.
        HashSet<DeviceNumber> devices = [];
        _grounds[fileSystem] = new Ground(devices, 0);
        int height = 0;
        HashSet<DeviceNumber> seen = [];
        Queue<DeviceNumber> left = new(DevicesOf(_fileSystems[fileSystem].First()));
        while (left.TryDequeue(out DeviceNumber device))
        {
            if (!seen.Add(device))
            {
                continue;
            }

            devices.Add(device);
            foreach (DeviceNumber next in _devices.Below(device))
            {
                left.Enqueue(next);
            }

            if (_devices.BackingFile(device) is { } file && MountOf(file) is { } mount)
            {
                Ground below = GroundOf(mount.Device);
                devices.UnionWith(below.Devices);
                height = Math.Max(height, below.Height + 1);
            }
        }

        Ground ground = new(devices, height);
        _grounds[fileSystem] = ground;
        return ground;
    }

    private IEnumerable<DeviceNumber> DevicesOf(MountEntry mount)
    {
        if (mount.Device.Major != 0)
        {
            return [mount.Device];
        }

        // Made-up devices are those of Btrfs, of others that span disks (named with colons between), and of all that lies on none.
        DeviceNumber[] named = [.. mount.Source.Split(':')
            .Where(part => part.StartsWith("/dev/", StringComparison.Ordinal))
            .Select(BlockDevices.NumberOf).Where(number => number is not null).Select(number => number!.Value)];
        return mount.Type == "btrfs" ? named.SelectMany(_devices.BtrfsMembers) : named;
    }

    // The mount with the longest path above the file; of several at one path, the last, which covers the others.
    private MountEntry? MountOf(string file)
    {
        MountEntry? best = null;
        foreach (MountEntry mount in _mounts)
        {
            string folder = mount.MountPoint.TrimEnd('/') + "/";
            if (file.StartsWith(folder, StringComparison.Ordinal) && (best is null || mount.MountPoint.Length >= best.MountPoint.Length))
            {
                best = mount;
            }
        }

        return best;
    }

    /// <summary>What a file system stands on.</summary>
    /// <param name="Devices">All devices below it.</param>
    /// <param name="Height">How many file systems, one on another.</param>
    private sealed record Ground(HashSet<DeviceNumber> Devices, int Height);
}
