using System;
using System.Collections.Generic;

namespace Asr.Contracts;

/// <summary>
/// What an agent should be doing, as desired state: the agent compares it with what it does and moves there, so a repeated or
/// late answer is harmless. Fetched by long poll: GET with the last <see cref="Revision"/> seen.
/// </summary>
public sealed record AgentAssignment
{
    /// <summary>Rises with every change.</summary>
    public long Revision { get; init; }

    /// <summary>What to do with the machine's disks.</summary>
    public AgentMode Mode { get; init; }

    /// <summary>Disks to replicate; others are only served.</summary>
    public IReadOnlyList<Guid> DiskIds { get; init; } = Array.Empty<Guid>();

    /// <summary>Interval of crash-consistent points in seconds.</summary>
    public int CrashConsistentFrequencySeconds { get; init; }

    /// <summary>Interval of app-consistent points in hours; 0 for none.</summary>
    public int AppConsistentFrequencyHours { get; init; }

    /// <summary>Rises when a full comparison by hashes is asked for; the agent reports the last one it completed.</summary>
    public long ResynchronizeGeneration { get; init; }

    /// <summary>A point to make on demand; ids already made are ignored.</summary>
    public Guid? OnDemandPointId { get; init; }

    /// <summary>True when that point is to be app-consistent.</summary>
    public bool OnDemandIsAppConsistent { get; init; }

    /// <summary>A verification to run beside replication, once; null for none, and to end one that runs.</summary>
    public Guid? VerificationId { get; init; }

    /// <summary>How fast a verification reads the disks at most, in bytes a second.</summary>
    public long VerificationBytesPerSecond { get; init; }

    /// <summary>
    /// What may be sent in a second, and read in a second for copies and comparisons, in bytes; null for no limit. It does not count in mode <see cref="AgentMode.Quiesce"/>, while the workload stands still.
    /// </summary>
    public long? BandwidthBytesPerSecond { get; init; }

    /// <summary>In mode <see cref="AgentMode.Quiesce"/>: id of the last point to make after the workload's writes have been stopped.</summary>
    public Guid? FinalPointId { get; init; }

    /// <summary>In mode <see cref="AgentMode.Failback"/>: the point the disks are to equal.</summary>
    public Guid? FailbackPointId { get; init; }

    /// <summary>
    /// In mode <see cref="AgentMode.Replicate"/>: the consistency group whose rounds make the policy's points, or null. A point that no round makes the agent makes by itself.
    /// </summary>
    public string? ConsistencyGroup { get; init; }

    /// <summary>
    /// In mode <see cref="AgentMode.Failback"/>: the position of the failback point on each disk, which lets the activity logs vouch for the disks afterwards.
    /// In mode <see cref="AgentMode.Replicate"/> after a failback: the same positions, to branch from. Null to continue at the head.
    /// </summary>
    public IReadOnlyList<DiskBase>? Bases { get; init; }
}

/// <summary>The position that a disk's content equals.</summary>
public sealed record DiskBase
{
    /// <summary>The disk.</summary>
    public Guid DiskId { get; init; }

    /// <summary>The position.</summary>
    public StreamPosition Position { get; init; }
}

/// <summary>What an agent does with its machine's disks.</summary>
public enum AgentMode
{
    /// <summary>Serve them, capture nothing.</summary>
    Idle = 0,

    /// <summary>Serve, capture and send.</summary>
    Replicate = 1,

    /// <summary>Serve and remember what changes, send nothing.</summary>
    Pause = 2,

    /// <summary>Refuse writes, send everything, make the final point.</summary>
    Quiesce = 3,

    /// <summary>Refuse writes: the machine runs elsewhere.</summary>
    Fence = 4,

    /// <summary>Refuse writes and bring the disks to a recovery point, moving only differences.</summary>
    Failback = 5,
}

/// <summary>What an agent tells every second.</summary>
public sealed record AgentReport
{
    /// <summary>Revision of the last assignment that has been reached; 0 for none. A newer one may be under way.</summary>
    public long AssignmentRevision { get; init; }

    /// <summary>Version of the agent.</summary>
    public string AgentVersion { get; init; } = "";

    /// <summary>The mode that has been reached (not only begun) with that revision.</summary>
    public AgentMode Mode { get; init; }

    /// <summary>Every disk it offers.</summary>
    public IReadOnlyList<AsrDisk> Disks { get; init; } = Array.Empty<AsrDisk>();

    /// <summary>True while every protected disk's stream equals its content and points can be made.</summary>
    public bool InSync { get; init; }

    /// <summary>True while a comparison by hashes runs that no one asked for: after a reboot, a lost activity log, a changed epoch.</summary>
    public bool Resynchronizing { get; init; }

    /// <summary>Why it resynchronises, or null.</summary>
    public string? ResynchronizeReason { get; init; }

    /// <summary>Last <see cref="AgentAssignment.ResynchronizeGeneration"/> completed.</summary>
    public long ResynchronizeGenerationDone { get; init; }

    /// <summary>0 to 100 of the initial replication, resynchronisation or failback that runs, or null.</summary>
    public double? ProgressPercent { get; init; }

    /// <summary>The failback point that all disks equal now, or null.</summary>
    public Guid? FailbackPointDone { get; init; }

    /// <summary>Bytes that the failback moved over the network so far.</summary>
    public long FailbackBytesMoved { get; init; }

    /// <summary>
    /// Instants noted since those that the last successful report told, oldest first; what is told twice is kept once. At most
    /// <see cref="ReplicationLimits.InstantsPerReportMax"/>.
    /// </summary>
    public IReadOnlyList<MachineInstant> Instants { get; init; } = Array.Empty<MachineInstant>();

    /// <summary>
    /// Milliseconds that the file systems of tracked disks were frozen for the last instant taken, from before the first was until the last was thawed; null before the
    /// first and without such disks.
    /// </summary>
    public double? LastFreezeMs { get; init; }

    /// <summary>The verification that runs, or that the assignment asked for and has ended; else null.</summary>
    public AsrVerification? Verification { get; init; }

    /// <summary>What keeps it from doing what it should, or null.</summary>
    public AsrError? Error { get; init; }
}
