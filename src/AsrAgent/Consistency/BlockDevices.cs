using System.Collections.Generic;
using System.IO;
using System.Linq;
using Asr.Agent.Disks;

namespace Asr.Agent.Consistency;

/// <summary>What lies below a block device, as <c>/sys</c> tells: partitions lie on disks, mapped devices and arrays on what they are made of, loop devices on files.</summary>
internal sealed class BlockDevices(string sysPath = "/sys")
{
    /// <summary>The number of a block device; null when there is none at the path.</summary>
    public static DeviceNumber? NumberOf(string path) => FileStatus.Read(path) is { IsBlockDevice: true } status ? status.Device : null;

    /// <summary>The devices right below one: the disk of a partition, the members of an array.</summary>
    public IReadOnlyList<DeviceNumber> Below(DeviceNumber device)
    {
        if (FolderOf(device) is not { } folder)
        {
            return [];
        }

        List<DeviceNumber> below = Members(Path.Combine(folder, "slaves"));
        if (File.Exists(Path.Combine(folder, "partition")) && ReadNumber(Path.GetDirectoryName(folder)!) is { } disk)
        {
            below.Add(disk);
        }

        return below;
    }

    /// <summary>The file that a loop device shows; null for every other device.</summary>
    public string? BackingFile(DeviceNumber device) =>
        FolderOf(device) is { } folder ? SysAttribute.Read(folder, "loop/backing_file") : null;

    /// <summary>All devices of the Btrfs that has one of them, which may be several; else that one.</summary>
    public IReadOnlyList<DeviceNumber> BtrfsMembers(DeviceNumber one)
    {
        string all = Path.Combine(sysPath, "fs", "btrfs");
        foreach (string fileSystem in Entries(all))
        {
            List<DeviceNumber> members = Members(Path.Combine(fileSystem, "devices"));
            if (members.Contains(one))
            {
                return members;
            }
        }

        return [one];
    }

    private string? FolderOf(DeviceNumber device)
    {
        // The link's target: a partition's disk is the folder above that, not above the link.
        string link = Path.Combine(sysPath, "dev", "block", device.ToString());
        try
        {
            return Directory.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName;
        }
        catch (IOException)
        {
            // Gone in this moment, or never there.
            return null;
        }
    }

    private static List<DeviceNumber> Members(string folder) =>
        [.. Entries(folder).Select(ReadNumber).Where(number => number is not null).Select(number => number!.Value)];

    private static string[] Entries(string folder)
    {
        try
        {
            return Directory.GetFileSystemEntries(folder);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static DeviceNumber? ReadNumber(string folder) =>
        SysAttribute.Read(folder, "dev") is { } text && DeviceNumber.TryParse(text, out DeviceNumber number) ? number : null;
}
