namespace Asr.Engine.Vault;

/// <summary>What a vault works with, whatever stores it.</summary>
internal sealed record SealedVaultOptions
{
    /// <summary>Segments that a writer's index holds in memory before they are written down as a run.</summary>
    public int IndexRunSegments { get; init; } = 64;

    /// <summary>Bytes of contents, tables and index pages kept in memory.</summary>
    public long CacheBytes { get; init; } = 128L << 20;
}
