using System;
using System.Globalization;
using System.IO;
using Asr.Agent.Disks;
using Asr.Contracts;

namespace Asr.Agent.Capture;

/// <summary>What the kernel says about a whole disk in /sys. Reads may be made from any thread.</summary>
internal sealed class BlockDeviceFacts
{
    private readonly string _folder;

    private BlockDeviceFacts(string devicePath, string folder)
    {
        DevicePath = devicePath;
        _folder = folder;
        string[] numbers = Read("dev").Split(':');
        if (numbers.Length != 2 || !int.TryParse(numbers[0], CultureInfo.InvariantCulture, out int major) || !int.TryParse(numbers[1], CultureInfo.InvariantCulture, out int minor))
        {
            throw Unusable(devicePath, $"{folder}/dev is not a pair of numbers");
        }

        Major = major;
        Minor = minor;
    }

    /// <summary>The device's node, links resolved.</summary>
    public string DevicePath { get; }

    /// <summary>Major number.</summary>
    public int Major { get; }

    /// <summary>Minor number.</summary>
    public int Minor { get; }

    /// <summary>Bytes now.</summary>
    public long SizeBytes => Number("size") * 512;

    /// <summary>The kernel's number of the disk, not given to another one before the next start of the system; 0 before Linux 5.15.</summary>
    public long Sequence => SysAttribute.ReadNumber(_folder, "diskseq") ?? 0;

    /// <summary>Requests under way, reads and writes, which the kernel counts exactly.</summary>
    public (long Reads, long Writes) InFlight
    {
        get
        {
            string[] fields = Fields("inflight", 2);
            return (Parse(fields[0]), Parse(fields[1]));
        }
    }

    /// <summary>Sectors written and discarded so far, counted by the kernel when a request ends.</summary>
    public (long Written, long Discarded) EndedSectors
    {
        get
        {
            // Documentation/block/stat.rst; kernels before 4.18 show no discards.
            string[] fields = Fields("stat", 11);
            return (Parse(fields[6]), fields.Length > 13 ? Parse(fields[13]) : 0);
        }
    }

    /// <summary>True for a device of zones, which are written in order only.</summary>
    public bool IsZoned => SysAttribute.Read(_folder, "queue/zoned") is not (null or "none");

    /// <summary>Finds a disk by its path.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.DiskUnreadable"/> or <see cref="AsrErrorCode.DiskUnsupported"/>.</exception>
    public static BlockDeviceFacts Of(string path)
    {
        string target = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path) : Path.GetFullPath(path);

        // A slash in a device's name is an exclamation mark in /sys.
        string name = target.StartsWith("/dev/", StringComparison.Ordinal) ? target["/dev/".Length..].Replace('/', '!') : Path.GetFileName(target);
        string folder = Path.Combine("/sys/class/block", name);
        if (!File.Exists(target) || !Directory.Exists(folder))
        {
            throw Unusable(path, "it is no block device of this machine");
        }

        if (File.Exists(Path.Combine(folder, "partition")))
        {
            string disk = Path.GetFileName(Path.GetDirectoryName(new DirectoryInfo(folder).ResolveLinkTarget(returnFinalTarget: true)?.FullName) ?? "");
            throw new AsrException(
                AsrErrorCode.DiskUnsupported, $"'{path}' is a partition; whole disks are protected.", $"Protect /dev/{disk}, which holds it.", path);
        }

        return new BlockDeviceFacts(target, folder);
    }

    /// <summary>Has the kernel count what ends; without that nothing can be checked.</summary>
    public void RequireCounting()
    {
        if (SysAttribute.ReadNumber(_folder, "queue/iostats") == 0)
        {
            File.WriteAllText(Path.Combine(_folder, "queue/iostats"), "1");
        }
    }

    private string Read(string file) => SysAttribute.Read(_folder, file) ?? throw new AsrException(
        AsrErrorCode.DiskUnreadable, $"Disk '{DevicePath}' is gone, or the kernel does not show {_folder}/{file}.", "Check that the disk is attached.", DevicePath);

    private string[] Fields(string file, int fieldsMin)
    {
        string[] fields = Read(file).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length >= fieldsMin ? fields : throw Unusable(DevicePath, $"{_folder}/{file} has {fields.Length} fields");
    }

    private long Number(string file) => Parse(Read(file));

    private long Parse(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : throw Unusable(DevicePath, $"'{text}' in {_folder} is no number");

    private static AsrException Unusable(string path, string reason) =>
        new(AsrErrorCode.DiskUnreadable, $"Disk '{path}' cannot be used: {reason}.", "Name a disk such as /dev/sda.", path);
}
