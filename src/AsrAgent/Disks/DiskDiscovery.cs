using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Asr.Agent.Disks;

/// <summary>
/// Finds the whole disks of this machine in /sys/block: those that hold data of their own. What is stacked on other disks (LVM, md, multipath, bcache) is captured below, on its disks; what is in
/// memory, read-only, empty or a removable medium is none. One caller at a time.
/// </summary>
/// <param name="isDisk">Decides by a kernel name; null for the rule above. Tests take loop devices for disks.</param>
/// <param name="sysfs">Where sysfs is.</param>
/// <param name="dev">Where the device nodes are.</param>
internal sealed class DiskDiscovery(Func<string, bool>? isDisk = null, string sysfs = "/sys", string dev = "/dev")
{
    /// <summary>What a world-wide name among the ids begins with.</summary>
    public const string WorldWideName = "wwid:";

    private const int SectorBytes = 512;

    // By kernel name. Reading these ids asks the device, so it is done once for each disk.
    private Dictionary<string, (long Sequence, string[] Ids)> _deviceIds = [];

    /// <summary>Every disk there is now, by kernel name. A disk that goes while it is looked at is left out.</summary>
    public IReadOnlyList<FoundDisk> Find()
    {
        ILookup<string, string> links = ReadLinks();
        Dictionary<string, (long Sequence, string[] Ids)> deviceIds = [];
        List<FoundDisk> found = [];
        foreach (string folder in Folders())
        {
            string name = Path.GetFileName(folder);
            long sizeBytes = SysAttribute.ReadNumber(folder, "size") * SectorBytes ?? 0;
            if (sizeBytes <= 0 || !(isDisk?.Invoke(name) ?? IsDisk(folder, name)))
            {
                continue;
            }

            long sequence = SysAttribute.ReadNumber(folder, "diskseq") ?? 0;
            (long Sequence, string[] Ids) ids = _deviceIds.GetValueOrDefault(name);
            deviceIds[name] = sequence > 0 && ids.Sequence == sequence ? ids : (sequence, [.. ReadDeviceIds(folder)]);
            found.Add(Describe(name, sizeBytes, sequence, deviceIds[name].Ids, links));
        }

        _deviceIds = deviceIds;
        return [.. found.OrderBy(disk => disk.KernelName, StringComparer.Ordinal)];
    }

    private string[] Folders()
    {
        try
        {
            return Directory.GetDirectories(Path.Combine(sysfs, "block"));
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static bool IsDisk(string folder, string name)
    {
        // A letter must not follow: "sr0" is a drive of discs, "sram0" would be something else.
        bool isOfKind(string kind) => name.StartsWith(kind, StringComparison.Ordinal) && name.Length > kind.Length && !char.IsAsciiLetter(name[kind.Length]);
        string[] others = ["loop", "ram", "zram", "sr", "fd", "nbd", "dm-", "md", "mtdblock"];
        return !others.Any(isOfKind)
            && !IsStacked(folder)
            && SysAttribute.ReadNumber(folder, "ro") != 1
            && SysAttribute.ReadNumber(folder, "removable") != 1
            && SysAttribute.ReadNumber(folder, "hidden") != 1;
    }

    private static bool IsStacked(string folder)
    {
        string slaves = Path.Combine(folder, "slaves");
        return Directory.Exists(slaves) && Directory.EnumerateFileSystemEntries(slaves).Any();
    }

    private FoundDisk Describe(string name, long sizeBytes, long sequence, string[] deviceIds, ILookup<string, string> links)
    {
        // In sysfs the '/' of a name such as cciss/c0d0 is a '!'.
        string path = Path.Combine(dev, name.Replace('!', '/'));
        string[] aliases = [.. links[path].Order(StringComparer.Ordinal)];
        return new FoundDisk
        {
            KernelName = name,
            Path = path,
            SizeBytes = sizeBytes,
            Sequence = sequence,
            Paths = [path, .. aliases],
            Ids = [.. deviceIds, .. aliases.Where(link => Path.GetFileName(Path.GetDirectoryName(link)) == "by-id").Select(link => "by-id:" + Path.GetFileName(link))],
        };
    }

    private static IEnumerable<string> ReadDeviceIds(string folder)
    {
        // NVMe has its world-wide name at the disk, SCSI and SATA at the device, whose page 0x80 holds the serial number behind four bytes.
        (string Kind, string? Value)[] ids =
        [
            (WorldWideName, SysAttribute.Read(folder, "wwid") ?? SysAttribute.Read(folder, "device/wwid")),
            ("serial:", SysAttribute.Read(folder, "serial") ?? SysAttribute.Read(folder, "device/vpd_pg80", skip: 4)),
            ("cid:", SysAttribute.Read(folder, "device/cid")),
        ];
        return ids.Where(id => !string.IsNullOrWhiteSpace(id.Value)).Select(id => id.Kind + id.Value!.Trim(' '));
    }

    // Device node to the links below /dev/disk that lead to it.
    private ILookup<string, string> ReadLinks()
    {
        string root = Path.Combine(dev, "disk");
        try
        {
            return Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
                .Select(link => (Link: link, Target: File.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName))
                .Where(entry => entry.Target is not null)
                .ToLookup(entry => entry.Target!, entry => entry.Link);
        }
        catch (IOException)
        {
            // No udev, or a link went while it was looked at; the other ids remain.
            return Array.Empty<(string Link, string Target)>().ToLookup(entry => entry.Target, entry => entry.Link);
        }
    }
}
