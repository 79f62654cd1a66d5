using System;

namespace Asr.Contracts;

/// <summary>A disk of a recovery point written out as a file.</summary>
public sealed record AsrExportedDisk
{
    /// <summary>The replicated disk.</summary>
    public Guid DiskId { get; init; }

    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Size of the disk in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>The file, on the appliance's host.</summary>
    public string Path { get; init; } = "";

    /// <summary>What it is.</summary>
    public DiskImageFormat Format { get; init; }

    /// <summary>Bytes written to it; holes are not.</summary>
    public long BytesWritten { get; init; }

    /// <summary>SHA-256 of the whole file, lower-case hex; null for Qcow2, whose file is another program's.</summary>
    public string? Sha256 { get; init; }

    /// <summary>SHA-256 of the disk's content, lower-case hex: that of the file for Raw; null for Qcow2.</summary>
    public string? ContentSha256 { get; init; }
}

/// <summary>What kind of file holds a disk.</summary>
public enum DiskImageFormat
{
    /// <summary>Its bytes, with holes where it has none.</summary>
    Raw = 0,

    /// <summary>A fixed VHD, its size rounded up to whole MiB as Azure demands.</summary>
    Vhd = 1,

    /// <summary>QEMU's format, made by qemu-img.</summary>
    Qcow2 = 2,
}
