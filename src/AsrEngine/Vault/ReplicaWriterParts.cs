using System;
using Asr.Contracts;
using Asr.Engine.Vault.Replica;

namespace Asr.Engine.Vault;

/// <summary>What a <see cref="ReplicaWriter"/> is made of; it owns <see cref="Keys"/>.</summary>
internal sealed record ReplicaWriterParts
{
    public required ISegmentStore Store { get; init; }

    public required WriterFence Fence { get; init; }

    public required DiskKeys Keys { get; init; }

    /// <summary>The index at the session's parent.</summary>
    public required ReplicaIndex Index { get; init; }

    public required ReplicationSession Session { get; init; }

    public required Guid DiskId { get; init; }

    public required long SizeBytes { get; init; }

    /// <summary>Segments between two index checkpoints at least.</summary>
    public required int CheckpointSegments { get; init; }

    public required TimeProvider Time { get; init; }
}
