using System;

namespace Asr.Engine.Vault;

/// <summary>What a vault works with, wherever it is.</summary>
public abstract record VaultOptions
{
    /// <summary>The clock for dates in documents; nothing is decided by it.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Directory on this machine for segments that the vault's storage cannot take now; null to do without.</summary>
    public string? SpoolDirectory { get; init; }

    /// <summary>Bytes that may wait in the spool. Default 4 GiB.</summary>
    public long SpoolBytesMax { get; init; } = 4L << 30;

    /// <summary>Segments of a disk whose index is held in memory before it is written down: what opening reads the tables of at most. Default 64.</summary>
    public int IndexRunSegments { get; init; } = 64;

    /// <summary>Bytes of contents, tables and index pages kept in memory for reading, of all disks together. Default 128 MiB.</summary>
    public long CacheBytes { get; init; } = 128L << 20;
}
