namespace Asr.Engine.Vault;

/// <summary>What a vault works with, whatever stores it.</summary>
internal sealed record SealedVaultOptions
{
    /// <summary>Segments that a writer's index holds in memory before they are written down as a run.</summary>
    public int IndexRunSegments { get; init; } = 64;

    /// <summary>Enough to keep the processors sealing while earlier segments are synced.</summary>
    public const int SegmentsUnderWayDefault = 4;

    /// <summary>Segments of a disk that are on their way to the store at once; each holds its sealed bytes in memory.</summary>
    public int SegmentsUnderWayMax { get; init; } = SegmentsUnderWayDefault;

    /// <summary>Bytes of contents, tables and index pages kept in memory.</summary>
    public long CacheBytes { get; init; } = 128L << 20;
}
