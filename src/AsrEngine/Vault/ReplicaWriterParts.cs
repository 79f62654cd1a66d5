using System;
using Asr.Contracts;
using Asr.Engine.Vault.Replica;

namespace Asr.Engine.Vault;

/// <summary>What a <see cref="ReplicaWriter"/> is made of; it owns <see cref="Index"/>.</summary>
internal sealed record ReplicaWriterParts
{
    public required ISegmentStore Store { get; init; }

    public required WriterFence Fence { get; init; }

    /// <summary>Opens and reads the disk.</summary>
    public required ReplicaOpener Opener { get; init; }

    /// <summary>The index at the session's parent.</summary>
    public required WriterIndex Index { get; init; }

    /// <summary>Why a part of the disk at the parent cannot be told; null when all of it can.</summary>
    public required StoredObjectException? Damage { get; init; }

    public required ReplicationSession Session { get; init; }

    public required Guid DiskId { get; init; }

    public required long SizeBytes { get; init; }

    /// <summary>Segments that may be on their way to the store at once; each holds its sealed bytes in memory.</summary>
    public required int UnderWayMax { get; init; }

    public required TimeProvider Time { get; init; }
}
