using System;
using System.Collections.Generic;

namespace Asr.Contracts;

/// <summary>A state change on its way: idempotent tasks, each persisted in the vault when done, resumed after a crash.</summary>
public sealed record AsrJob
{
    /// <summary>Stable id; equals the request's id, so asking twice starts one job.</summary>
    public Guid Id { get; init; }

    /// <summary>What was asked.</summary>
    public MachineOperation Operation { get; init; }

    /// <summary>The machine; empty for a check of the whole vault.</summary>
    public Guid MachineId { get; init; }

    /// <summary>Name of the machine.</summary>
    public string MachineName { get; init; } = "";

    /// <summary>Where the job stands.</summary>
    public JobState State { get; init; }

    /// <summary>When it was accepted.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>When it ended, or null.</summary>
    public DateTimeOffset? EndTime { get; init; }

    /// <summary>Its tasks in order.</summary>
    public IReadOnlyList<AsrTask> Tasks { get; init; } = Array.Empty<AsrTask>();

    /// <summary>The files an export has written so far; empty for every other operation.</summary>
    public IReadOnlyList<AsrExportedDisk> Files { get; init; } = Array.Empty<AsrExportedDisk>();

    /// <summary>How far a check of the vault is and what it has found; null for every other operation.</summary>
    public AsrVaultCheck? VaultCheck { get; init; }

    /// <summary>What a verification of the replication has found; null for every other operation, and until it has begun.</summary>
    public AsrVerification? Verification { get; init; }

    /// <summary>Why it failed, or null.</summary>
    public AsrError? Error { get; init; }

    /// <summary>Who asked: the subject of the certificate.</summary>
    public string RequestedBy { get; init; } = "";

    /// <summary>Counts the changes of this job; a waiter passes the last one it saw.</summary>
    public long Revision { get; init; }
}

/// <summary>One step of a job.</summary>
public sealed record AsrTask
{
    /// <summary>What it does, in words.</summary>
    public string Name { get; init; } = "";

    /// <summary>Where it stands.</summary>
    public JobState State { get; init; }

    /// <summary>When it began, or null.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>When it ended, or null.</summary>
    public DateTimeOffset? EndTime { get; init; }

    /// <summary>0 to 100, or null when it cannot be told.</summary>
    public double? ProgressPercent { get; init; }

    /// <summary>What it did or found, e.g. bytes moved.</summary>
    public string? Detail { get; init; }

    /// <summary>Payload bytes it moved over the network or to disk, 0 when none.</summary>
    public long BytesMoved { get; init; }
}

/// <summary>Where a job or task stands.</summary>
public enum JobState
{
    /// <summary>Not begun.</summary>
    NotStarted = 0,

    /// <summary>Running.</summary>
    InProgress = 1,

    /// <summary>Ended well.</summary>
    Succeeded = 2,

    /// <summary>Ended with an error.</summary>
    Failed = 3,

    /// <summary>Stopped by request.</summary>
    Cancelled = 4,

    /// <summary>Left out because it was not needed.</summary>
    Skipped = 5,
}
