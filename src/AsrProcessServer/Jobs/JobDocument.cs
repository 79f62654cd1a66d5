using System;
using System.Collections.Generic;
using Asr.Contracts;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs;

/// <summary>A job as one document of the vault's collection <c>jobs</c>, written after every step.</summary>
public sealed record JobDocument
{
    /// <summary>Name of the collection.</summary>
    public const string Collection = "jobs";

    /// <summary>
    /// The job as shown. An <see cref="AsrJob.Error"/> while it is still in progress means that a step has failed and the work is being taken back.
    /// </summary>
    public AsrJob Job { get; init; } = new();

    /// <summary>What was asked.</summary>
    public OperationRequest Request { get; init; } = new();

    /// <summary>Keys of the steps, in the order of <see cref="AsrJob.Tasks"/>. The plan of a job is fixed when it is accepted.</summary>
    public IReadOnlyList<string> StepKeys { get; init; } = [];

    /// <summary>What the steps have found out or made so far.</summary>
    public JobOutputs Outputs { get; init; } = new();

    /// <summary>True once the job has ended, in whatever way.</summary>
    public bool HasEnded => Job.State is not (JobState.NotStarted or JobState.InProgress);
}

/// <summary>What steps hand to later steps, to their repetition after a crash, and to the undoing.</summary>
public sealed record JobOutputs
{
    /// <summary>The recovery point the job works with.</summary>
    public AsrRecoveryPoint? Point { get; init; }

    /// <summary>The copy that is being made.</summary>
    public SiteCopy? Copy { get; init; }

    /// <summary>The copy whose place it takes, from when on it is being removed.</summary>
    public SiteCopy? Replaced { get; init; }

    /// <summary>The files that are whole.</summary>
    public IReadOnlyList<AsrExportedDisk> Files { get; init; } = [];

    /// <summary>What a check of the vault has found.</summary>
    public AsrVaultCheck? VaultCheck { get; init; }

    /// <summary>What a verification of the replication has found.</summary>
    public AsrVerification? Verification { get; init; }

    /// <summary>True from the point on from which there is no way back.</summary>
    public bool IsIrreversible { get; init; }
}
