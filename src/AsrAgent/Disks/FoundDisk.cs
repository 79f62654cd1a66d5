using System.Collections.Generic;

namespace Asr.Agent.Disks;

/// <summary>A whole disk of this machine, as the kernel shows it at one moment.</summary>
internal sealed record FoundDisk
{
    /// <summary>The kernel's name, such as sda or nvme0n1. May be another one after a restart of the machine.</summary>
    public string KernelName { get; init; } = "";

    /// <summary>The device node.</summary>
    public string Path { get; init; } = "";

    /// <summary>Size in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>The kernel's running number of the disk: within one run of the system no other disk has it. 0 where the kernel (before 5.15) has none.</summary>
    public long Sequence { get; init; }

    /// <summary>What tells it from every other disk, the surest first: world-wide name, serial number, links of /dev/disk/by-id. Empty when it has nothing of the kind.</summary>
    public IReadOnlyList<string> Ids { get; init; } = [];

    /// <summary>The device node and all links to it below /dev/disk.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];
}
