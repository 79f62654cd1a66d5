using System;
using System.Collections.Generic;

namespace Asr.Contracts;

/// <summary>
/// One instant of a machine that can be brought up: for every disk, exactly the content it had at <see cref="Time"/>.
/// Published only when every change up to it is durable in the vault.
/// </summary>
public sealed record AsrRecoveryPoint
{
    /// <summary>Stable id, chosen by whoever captured the point, so that publishing twice is harmless.</summary>
    public Guid Id { get; init; }

    /// <summary>The machine.</summary>
    public Guid MachineId { get; init; }

    /// <summary>Name of the machine when the point was made.</summary>
    public string MachineName { get; init; } = "";

    /// <summary>The instant, by the source's clock. Never later than the content: every write that had ended by then is in the point.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>
    /// When the point became usable in the vault, by the appliance's clock. The smallest time while it is only shown: the answer to a question about a
    /// second of the continuous stream, which becomes a point once a failover asks for it.
    /// </summary>
    public DateTimeOffset PublishedAt { get; init; }

    /// <summary>Crash- or app-consistent.</summary>
    public RecoveryPointType Type { get; init; }

    /// <summary>Why a point that was to be app-consistent is crash-consistent; else null.</summary>
    public AsrError? AppConsistencyError { get; init; }

    /// <summary>How it was captured, that is, what it can prove.</summary>
    public RecoveryPointGrade Grade { get; init; }

    /// <summary>Direction of replication when it was made: Primary for points of the original machine.</summary>
    public ActiveLocation Source { get; init; }

    /// <summary>Why it was made: by the policy, on demand, as the last point of a planned failover or failback, or out of the continuous stream.</summary>
    public RecoveryPointReason Reason { get; init; }

    /// <summary>Name given by a person, unique among the machine's points without case, or null.</summary>
    public string? Name { get; init; }

    /// <summary>True while a person wants it kept, whatever the policy says.</summary>
    public bool Pinned { get; init; }

    /// <summary>Until when no one can remove it, by the appliance's clock, or null. Set at publication; nothing shortens it.</summary>
    public DateTimeOffset? ImmutableUntil { get; init; }

    /// <summary>What changed since the point before. Null when that is not known: for the first point of a session, and for one made out of the continuous stream.</summary>
    public IntervalFigures? Interval { get; init; }

    /// <summary>Why the changes since the point before look like encryption by ransomware, on the point that showed it first; else null.</summary>
    public string? Anomaly { get; init; }

    /// <summary>True for the last point before such changes began. It is pinned then; a person may unpin it.</summary>
    public bool IsLastBeforeAnomaly { get; init; }

    /// <summary>What came of comparing its digests with the source's; null when they have not been compared.</summary>
    public PointVerification? Verification { get; init; }

    /// <summary>The instant of a consistency group that the point belongs to, or null for a point of its machine alone.</summary>
    public MultiMachinePoint? MultiMachine { get; init; }

    /// <summary>Position of every disk.</summary>
    public IReadOnlyList<RecoveryPointDisk> Disks { get; init; } = Array.Empty<RecoveryPointDisk>();
}

/// <summary>Where a recovery point lies in one disk's stream.</summary>
public sealed record RecoveryPointDisk
{
    /// <summary>The disk.</summary>
    public Guid DiskId { get; init; }

    /// <summary>Name of the disk.</summary>
    public string Name { get; init; } = "";

    /// <summary>Size in bytes at that instant.</summary>
    public long SizeBytes { get; init; }

    /// <summary>The writer's epoch.</summary>
    public int Epoch { get; init; }

    /// <summary>Last change included.</summary>
    public long Sequence { get; init; }
}

/// <summary>What an application may expect of a point.</summary>
public enum RecoveryPointType
{
    /// <summary>As after a power cut.</summary>
    CrashConsistent = 0,

    /// <summary>Applications had brought their data to rest.</summary>
    AppConsistent = 1,
}

/// <summary>How a point was captured.</summary>
public enum RecoveryPointGrade
{
    /// <summary>From the ordered stream of writes.</summary>
    Ordered = 0,

    /// <summary>From a bitmap under a frozen file system.</summary>
    Frozen = 1,

    /// <summary>By comparing hashes.</summary>
    Scanned = 2,
}

/// <summary>Why a point was made.</summary>
public enum RecoveryPointReason
{
    /// <summary>The policy's frequency.</summary>
    Policy = 0,

    /// <summary>Asked for by a person or script.</summary>
    OnDemand = 1,

    /// <summary>The last point after the source was stopped: nothing follows it.</summary>
    Final = 2,

    /// <summary>Asked for by time: made from the continuous stream, at a second between the others.</summary>
    PointInTime = 3,

    /// <summary>Made to be compared with the source: see <see cref="AsrRecoveryPoint.Verification"/>.</summary>
    Verification = 4,
}
