using System;

namespace Asr.Contracts;

/// <summary>Asks a process server to make the caller the one writer of a disk.</summary>
public sealed record OpenSessionRequest
{
    /// <summary>Chosen by the caller; repeating a request with the same nonce gives the same session, so a lost answer is harmless.</summary>
    public Guid Nonce { get; init; }

    /// <summary>The machine the disk belongs to.</summary>
    public Guid MachineId { get; init; }

    /// <summary>Size of the disk in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>
    /// Where to continue from: null to continue at the head of the disk's stream, else the position the source is known to equal
    /// (after a failover or failback), which starts a branch there.
    /// </summary>
    public StreamPosition? Base { get; init; }
}

/// <summary>A writer's right to one disk, until someone takes it over.</summary>
public sealed record ReplicationSession
{
    /// <summary>Fencing token: larger than that of every earlier writer. Goes into every batch.</summary>
    public int Epoch { get; init; }

    /// <summary>
    /// What the stream holds below this session. The caller compares its epoch with the one its activity log was written under:
    /// if they differ, the log says nothing about this stream and the disk must be resynchronised.
    /// Epoch 0 with sequence 0 means the disk has never been replicated.
    /// </summary>
    public StreamPosition Parent { get; init; }

    /// <summary>Number for the next change; numbers go on across sessions.</summary>
    public long NextSequence { get; init; }
}

/// <summary>A place in a disk's stream: everything up to <paramref name="Sequence"/> on the branch that <paramref name="Epoch"/> ends.</summary>
/// <param name="Epoch">Epoch of the writer, 1 for the first, 0 for "nothing yet".</param>
/// <param name="Sequence">Last change included; 0 for none.</param>
public readonly record struct StreamPosition(int Epoch, long Sequence);

/// <summary>Answer to a shipped batch.</summary>
public sealed record ShipReceipt
{
    /// <summary>Last change that is durable at the process server (spool or vault). The sender may free its memory.</summary>
    public long ReceivedSequence { get; init; }

    /// <summary>
    /// Last change that is durable in the vault. Only now may the sender clear the regions in its activity log, so losing an
    /// appliance with its spool costs a small resynchronisation and never a hole.
    /// </summary>
    public long VaultSequence { get; init; }
}

/// <summary>Asks for hashes of adjacent regions of a disk.</summary>
public sealed record DigestRequest
{
    /// <summary>First byte, a multiple of <see cref="RegionBytes"/>.</summary>
    public long Offset { get; init; }

    /// <summary>Bytes of a region: <see cref="ReplicationLimits.DigestRegionBytes"/>, or <see cref="ReplicationLimits.DigestBlockBytes"/> to find out which part of one differs.</summary>
    public int RegionBytes { get; init; } = ReplicationLimits.DigestRegionBytes;

    /// <summary>Number of regions, 1 to <see cref="ReplicationLimits.DigestRegionsMax"/>; regions beyond the end of the disk are left out.</summary>
    public int Count { get; init; }

    /// <summary>The recovery point to hash; null for <see cref="Position"/>.</summary>
    public Guid? RecoveryPointId { get; init; }

    /// <summary>The place in the disk's stream to hash, once everything up to it is durable in the vault; null for the newest state received. Not beside a recovery point.</summary>
    public StreamPosition? Position { get; init; }
}

/// <summary>A recovery point as captured at the source, to be published once its changes are durable.</summary>
public sealed record PublishPointRequest
{
    /// <summary>The point. <see cref="AsrRecoveryPoint.PublishedAt"/> and the names are filled in by the appliance.</summary>
    public AsrRecoveryPoint Point { get; init; } = new();
}

/// <summary>Bounds of the replication protocol; both ends check them.</summary>
public static class ReplicationLimits
{
    /// <summary>Raw bytes of one change at most; larger writes are split.</summary>
    public const int ChangeBytesMax = 1 << 20;

    /// <summary>Bytes of one batch on the wire at most.</summary>
    public const int BatchBytesMax = 16 << 20;

    /// <summary>Changes in one batch at most.</summary>
    public const int BatchChangesMax = 65_536;

    /// <summary>Region for activity, bitmap and hashes, in bytes.</summary>
    public const int DigestRegionBytes = 64 << 10;

    /// <summary>The finest region that is hashed, in bytes.</summary>
    public const int DigestBlockBytes = 4 << 10;

    /// <summary>Regions in one digest request at most.</summary>
    public const int DigestRegionsMax = 4_096;

    /// <summary>Bytes of one region hash: SHA-256 cut to its first half.</summary>
    public const int DigestBytes = 16;

    /// <summary>Ranges of one disk that a verification lists at most; the bytes of all are counted.</summary>
    public const int VerificationRangesMax = 256;

    /// <summary>How fast a verification reads a machine's disks unless asked otherwise: 32 MiB a second.</summary>
    public const long VerificationBytesPerSecondDefault = 32L << 20;

    /// <summary>The slowest that anything can be asked to be, in bytes a second: 64 KiB.</summary>
    public const long BytesPerSecondMin = 64L << 10;

    /// <summary>Largest disk: 64 TiB.</summary>
    public const long DiskBytesMax = 64L << 40;

    /// <summary>Instants in one report at most.</summary>
    public const int InstantsPerReportMax = 120;

    /// <summary>Disk positions in the instants of one report at most, so that a machine of many disks keeps its reports small; one instant may always travel.</summary>
    public const int InstantPositionsPerReportMax = 2_048;

    /// <summary>Bytes of one read of a recovery point over the data port at most.</summary>
    public const int PointReadBytesMax = 8 << 20;
}
