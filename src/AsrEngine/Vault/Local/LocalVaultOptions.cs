using System;

namespace Asr.Engine.Vault.Local;

/// <summary>What a local vault works with.</summary>
public sealed record LocalVaultOptions
{
    /// <summary>The file system.</summary>
    public IFileLayer Files { get; init; } = new PhysicalFileLayer();

    /// <summary>The clock for dates in documents; nothing is decided by it.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
