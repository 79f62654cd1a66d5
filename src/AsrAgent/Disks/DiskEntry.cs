using System;
using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.Agent.Disks;

/// <summary>A disk in the registry.</summary>
internal sealed record DiskEntry
{
    /// <summary>Stable id.</summary>
    public Guid Id { get; init; }

    /// <summary>Name within the machine.</summary>
    public string Name { get; init; } = "";

    /// <summary>Where it was last; empty when what was there may have been replaced, so that nothing noted about its content counts.</summary>
    public string Path { get; init; } = "";

    /// <summary>Bytes when it was first opened; 0 until then.</summary>
    public long SizeBytes { get; init; }

    /// <summary>What a disk of the machine is recognised by, of the kinds that <see cref="FoundDisk.Ids"/> has; empty for a disk that was named one by one.</summary>
    public IReadOnlyList<string> Ids { get; init; } = [];

    /// <summary>The disk's <see cref="FoundDisk.Sequence"/> when it was last seen; 0 for none.</summary>
    public long Sequence { get; init; }

    /// <summary>The run of the system in which the kernel was last set to track the disk; null for a disk that was never tracked.</summary>
    public Guid? TrackedInBoot { get; init; }

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
