using System;

namespace Asr.Engine.Vault.Scrub;

/// <summary>What a scrub looks at, and how fast.</summary>
public sealed record ScrubOptions
{
    /// <summary>Name of the document that says how far it has come: a scrub of the same name and scope that was stopped is gone on with.</summary>
    public required string Name { get; init; }

    /// <summary>Only the disks that this machine has written and the documents about them and it; null for the whole vault.</summary>
    public Guid? MachineId { get; init; }

    /// <summary>Begin anew even where an earlier one was stopped.</summary>
    public bool Restart { get; init; }

    /// <summary>Bytes read a second at most. Default 64 MiB: a fraction of any disk that holds a vault.</summary>
    public long BytesPerSecondMax { get; init; } = 64L << 20;
}
