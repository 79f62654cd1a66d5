using System;
using System.Collections.Generic;

namespace Asr.Contracts;

/// <summary>A machine known to the vault: who it is, where it stands, what it replicates and what may be asked of it.</summary>
public sealed record AsrReplicatedMachine
{
    /// <summary>Stable id, made at enrollment.</summary>
    public Guid Id { get; init; }

    /// <summary>Name given at enrollment, unique in the vault, compared without case.</summary>
    public string Name { get; init; } = "";

    /// <summary>Where the machine stands.</summary>
    public MachineState State { get; init; }

    /// <summary>What may be asked now.</summary>
    public IReadOnlyList<MachineOperation> AllowedOperations { get; init; } = Array.Empty<MachineOperation>();

    /// <summary>Worst of <see cref="HealthErrors"/>.</summary>
    public EventSeverity Health { get; init; }

    /// <summary>What is wrong now; empty when nothing is.</summary>
    public IReadOnlyList<HealthError> HealthErrors { get; init; } = Array.Empty<HealthError>();

    /// <summary>Name of the replication policy, or null while not protected.</summary>
    public string? PolicyName { get; init; }

    /// <summary>The consistency group, whose machines have recovery points of one moment; null for none.</summary>
    public string? ConsistencyGroup { get; init; }

    /// <summary>After replication has been disabled: until when immutable recovery points are kept. Null when none are, or while replication is on.</summary>
    public DateTimeOffset? PointsKeptUntil { get; init; }

    /// <summary>Where the machine runs.</summary>
    public ActiveLocation ActiveLocation { get; init; }

    /// <summary>True while the agent has reported within its time.</summary>
    public bool AgentConnected { get; init; }

    /// <summary>Last report of the agent.</summary>
    public DateTimeOffset? LastHeartbeat { get; init; }

    /// <summary>Time of the newest published recovery point.</summary>
    public DateTimeOffset? LatestRecoveryPoint { get; init; }

    /// <summary>Age of the newest published recovery point in seconds: what would be lost if the source vanished now.</summary>
    public double? RpoSeconds { get; init; }

    /// <summary>When all of its disks were last compared with their replicas and found equal, or were copied for the first time; null when that is not known.</summary>
    public DateTimeOffset? VerifiedAt { get; init; }

    /// <summary>The last verification that ended or found a difference; null before the first.</summary>
    public AsrVerification? LastVerification { get; init; }

    /// <summary>The bandwidth limit that its policy sets at this time, in bytes a second; null for none.</summary>
    public long? BandwidthBytesPerSecond { get; init; }

    /// <summary>0 to 100 while an initial replication, resynchronisation or reprotect runs, else null.</summary>
    public double? ProgressPercent { get; init; }

    /// <summary>The disks that replicate, or that the agent offers while nothing replicates.</summary>
    public IReadOnlyList<AsrDisk> Disks { get; init; } = Array.Empty<AsrDisk>();

    /// <summary>The test failover that is up, or null.</summary>
    public FailoverCopy? TestFailover { get; init; }

    /// <summary>The machine at the recovery site after a failover, or null.</summary>
    public FailoverCopy? Failover { get; init; }
}

/// <summary>Side on which a machine runs.</summary>
public enum ActiveLocation
{
    /// <summary>The original site.</summary>
    Primary = 0,

    /// <summary>The recovery site.</summary>
    Recovery = 1,
}

/// <summary>A machine brought up from a recovery point.</summary>
public sealed record FailoverCopy
{
    /// <summary>The point it was brought up from.</summary>
    public Guid RecoveryPointId { get; init; }

    /// <summary>Time of that point.</summary>
    public DateTimeOffset RecoveryPointTime { get; init; }

    /// <summary>Folder that holds the disk files.</summary>
    public string Folder { get; init; } = "";

    /// <summary>When the copy became usable.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Recovery time: seconds from the request until every disk was readable.</summary>
    public double RtoSeconds { get; init; }

    /// <summary>Its disks.</summary>
    public IReadOnlyList<FailoverDisk> Disks { get; init; } = Array.Empty<FailoverDisk>();
}

/// <summary>One disk of a <see cref="FailoverCopy"/>.</summary>
public sealed record FailoverDisk
{
    /// <summary>The replicated disk.</summary>
    public Guid DiskId { get; init; }

    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>The raw disk file, or null when only the export was asked for.</summary>
    public string? Path { get; init; }

    /// <summary>NBD address of the export, readable and writable at once; writes stay private to the copy.</summary>
    public string ExportUri { get; init; } = "";

    /// <summary>Size in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>SHA-256 of the disk's content when it was materialised, lower-case hex, or null when it was not.</summary>
    public string? Sha256 { get; init; }
}
