using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.Engine.Vault.Compaction;

/// <summary>What of a disk's history must stay readable; its newest state always does.</summary>
public sealed record KeptHistory
{
    /// <summary>Positions of recovery points, on whichever branch.</summary>
    public required IReadOnlyCollection<StreamPosition> Points { get; init; }

    /// <summary>
    /// From here on to the head every position stays, not only points. While the disk is written, this is the newest published point or one before
    /// it: the next to be published may lie anywhere after it. Null for the head alone.
    /// </summary>
    public StreamPosition? ContinuousFrom { get; init; }
}

/// <summary>How much compaction does, and how fast.</summary>
public sealed record CompactionOptions
{
    /// <summary>Bytes read and written a second at most. Default 64 MiB: a fraction of any disk that holds a vault.</summary>
    public long BytesPerSecondMax { get; init; } = 64L << 20;

    /// <summary>Share of the stored bytes that must be dead before anything is written anew for their sake. Default 5 %.</summary>
    public double DeadShareMin { get; init; } = 0.05;

    /// <summary>Share of the dead bytes that may be left. Default 10 %: writing the last of them anew costs more than they are worth.</summary>
    public double DeadShareLeft { get; init; } = 0.10;

    /// <summary>Bytes of a pack about. Default 32 MiB; a pack is made in memory.</summary>
    public int PackBytes { get; init; } = 32 << 20;

    /// <summary>Objects below this size are bundled when many lie side by side. Default 4 MiB.</summary>
    public int SmallBytes { get; init; } = 4 << 20;

    /// <summary>How many small ones side by side are bundled at least. Default 16.</summary>
    public int SmallObjectsMin { get; init; } = 16;
}

/// <summary>What a compaction found and did.</summary>
public sealed record CompactionResult
{
    /// <summary>Bytes of the disk's segments and packs before.</summary>
    public long BytesBefore { get; init; }

    /// <summary>Bytes after.</summary>
    public long BytesAfter { get; init; }

    /// <summary>Bytes before that no kept position needs, estimated from the index.</summary>
    public long DeadBytesBefore { get; init; }

    /// <summary>Objects that were written anew and deleted.</summary>
    public int ObjectsReplaced { get; init; }

    /// <summary>Packs written.</summary>
    public int PacksWritten { get; init; }

    /// <summary>Index runs deleted because others tell the same.</summary>
    public int RunsDeleted { get; init; }

    /// <summary>Damaged objects that were left as they are; a scrub says which points they concern.</summary>
    public IReadOnlyList<string> Damaged { get; init; } = [];
}
