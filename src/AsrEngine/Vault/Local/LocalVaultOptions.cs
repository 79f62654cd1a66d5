using System;

namespace Asr.Engine.Vault.Local;

/// <summary>What a local vault works with.</summary>
public sealed record LocalVaultOptions
{
    /// <summary>The file system.</summary>
    public IFileLayer Files { get; init; } = new PhysicalFileLayer();

    /// <summary>The clock for dates in documents; nothing is decided by it.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Directory on this machine for segments that the vault's storage cannot take now; null to do without.</summary>
    public string? SpoolDirectory { get; init; }

    /// <summary>Bytes that may wait in the spool. Default 4 GiB.</summary>
    public long SpoolBytesMax { get; init; } = 4L << 30;

    /// <summary>Segments between two index checkpoints of a disk at least: what opening reads at most without one. Default 256.</summary>
    public int CheckpointSegments { get; init; } = 256;
}
