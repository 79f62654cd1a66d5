using System;
using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>A disk in the catalog (collection <c>disks</c>): its size and the tree of its writers' epochs.</summary>
internal sealed record DiskDocument
{
    /// <summary>The disk.</summary>
    public Guid DiskId { get; init; }

    /// <summary>Size in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>
    /// True once the disk has been deleted. The document stays, so that epoch numbers never come again: a late write of a forgotten
    /// writer cannot land among those of a new one.
    /// </summary>
    public bool Deleted { get; init; }

    /// <summary>Largest epoch ever given.</summary>
    public int LastEpoch { get; init; }

    /// <summary>The epochs by ascending number.</summary>
    public IReadOnlyList<DiskEpoch> Epochs { get; init; } = [];
}

/// <summary>One writer's part of a disk's stream.</summary>
internal sealed record DiskEpoch
{
    /// <summary>The epoch, from 1.</summary>
    public int Number { get; init; }

    /// <summary>The position it continues from. Null between the moment its predecessor is fenced and the moment its head is known.</summary>
    public StreamPosition? Parent { get; init; }

    /// <summary>Where the writer asked to branch from, or null for the head.</summary>
    public StreamPosition? Base { get; init; }

    /// <summary>Last change that counts; null for the newest epoch, which goes on.</summary>
    public long? EndSequence { get; init; }

    /// <summary>Data key in a secret box.</summary>
    public byte[] WrappedKey { get; init; } = [];

    /// <summary>Nonce of the request that opened it.</summary>
    public Guid Nonce { get; init; }

    /// <summary>The machine that wrote it.</summary>
    public Guid MachineId { get; init; }

    /// <summary>When it was opened.</summary>
    public DateTimeOffset CreatedAt { get; init; }
}
