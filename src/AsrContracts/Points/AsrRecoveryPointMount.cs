using System;
using System.Collections.Generic;

namespace Asr.Contracts;

/// <summary>A recovery point that can be read, and privately written, beside everything else. Lives in the appliance's memory: it ends with the appliance.</summary>
public sealed record AsrRecoveryPointMount
{
    /// <summary>Stable id; equals the request's id, so asking twice makes one mount.</summary>
    public Guid Id { get; init; }

    /// <summary>The machine.</summary>
    public Guid MachineId { get; init; }

    /// <summary>Name of the machine.</summary>
    public string MachineName { get; init; } = "";

    /// <summary>The point.</summary>
    public Guid RecoveryPointId { get; init; }

    /// <summary>Time of that point.</summary>
    public DateTimeOffset RecoveryPointTime { get; init; }

    /// <summary>True when writes are refused.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Since when it is there.</summary>
    public DateTimeOffset MountedAt { get; init; }

    /// <summary>When the appliance ends it.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Folder on the appliance's host below which the disks are attached, or null.</summary>
    public string? Folder { get; init; }

    /// <summary>Who asked: the subject of the certificate.</summary>
    public string RequestedBy { get; init; } = "";

    /// <summary>Its disks.</summary>
    public IReadOnlyList<AsrMountedDisk> Disks { get; init; } = Array.Empty<AsrMountedDisk>();
}

/// <summary>One disk of a <see cref="AsrRecoveryPointMount"/>.</summary>
public sealed record AsrMountedDisk
{
    /// <summary>The replicated disk.</summary>
    public Guid DiskId { get; init; }

    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Size in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>NBD address of the export.</summary>
    public string ExportUri { get; init; } = "";

    /// <summary>The file on the appliance's host that takes the writes, thrown away with the mount; null for a read-only mount.</summary>
    public string? OverlayPath { get; init; }

    /// <summary>The disk as a file on the appliance's host, or null when it is not attached.</summary>
    public string? AttachedPath { get; init; }

    /// <summary>What an attached disk holds: its file system, or its partitions.</summary>
    public IReadOnlyList<AsrMountedVolume> Volumes { get; init; } = Array.Empty<AsrMountedVolume>();
}

/// <summary>A file system, or a partition, of an attached disk.</summary>
public sealed record AsrMountedVolume
{
    /// <summary>Number of the partition; 0 for a file system that fills the disk.</summary>
    public int Partition { get; init; }

    /// <summary>First byte on the disk.</summary>
    public long OffsetBytes { get; init; }

    /// <summary>Size in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Its file system as the host names it, or null when none was found.</summary>
    public string? FileSystem { get; init; }

    /// <summary>The block device on the appliance's host, or null.</summary>
    public string? DevicePath { get; init; }

    /// <summary>Where its files are on the appliance's host, or null when it is not mounted.</summary>
    public string? Path { get; init; }

    /// <summary>Why its file system is not mounted, or null.</summary>
    public string? Problem { get; init; }
}
