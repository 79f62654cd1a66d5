using System;
using Asr.Contracts;

namespace Asr.Agent.Disks;

/// <summary>A disk in the registry.</summary>
internal sealed record DiskEntry
{
    /// <summary>Stable id.</summary>
    public Guid Id { get; init; }

    /// <summary>Name within the machine.</summary>
    public string Name { get; init; } = "";

    /// <summary>Where it was last.</summary>
    public string Path { get; init; } = "";

    /// <summary>Bytes when it was first opened; 0 until then.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Throws <see cref="AsrErrorCode.DiskSizeChanged"/> unless the disk has the size it had.</summary>
    public void RequireSize(long sizeBytes)
    {
        if (SizeBytes != 0 && SizeBytes != sizeBytes)
        {
            throw new AsrException(
                AsrErrorCode.DiskSizeChanged,
                $"Disk '{Name}' has {sizeBytes} bytes and had {SizeBytes} when it was first offered.",
                "Restore its size, or offer the disk under a new name.",
                Name);
        }
    }
}
