using System;
using System.Collections.Generic;
using Asr.Contracts;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Machines;

/// <summary>All that is known about a machine, as one document of the vault's collection <c>machines</c>.</summary>
public sealed record MachineDocument
{
    /// <summary>Name of the collection.</summary>
    public const string Collection = "machines";

    /// <summary>Id, made at enrollment.</summary>
    public Guid Id { get; init; }

    /// <summary>Name, unique in the vault without case.</summary>
    public string Name { get; init; } = "";

    /// <summary>When it was first enrolled.</summary>
    public DateTimeOffset EnrolledAt { get; init; }

    /// <summary>Where it stands.</summary>
    public MachineState State { get; init; }

    /// <summary>Policy it is protected under, or null.</summary>
    public string? PolicyName { get; init; }

    /// <summary>Consistency group it is in, or null.</summary>
    public string? ConsistencyGroup { get; init; }

    /// <summary>The disks under protection.</summary>
    public IReadOnlyList<Guid> DiskIds { get; init; } = [];

    /// <summary>
    /// Set while replication is disabled and immutable points are kept: until when the last of them is. Policy and disks stay noted for as long, so
    /// that the machine can be failed over and protected again.
    /// </summary>
    public DateTimeOffset? PointsKeptUntil { get; init; }

    /// <summary>Every disk that the agent offered last; the counters are those of the last change of this document.</summary>
    public IReadOnlyList<AsrDisk> Disks { get; init; } = [];

    /// <summary>What the agent should be doing.</summary>
    public AgentAssignment Assignment { get; init; } = new();

    /// <summary>What the replicator at the recovery site should be doing, or null while there is none.</summary>
    public AgentAssignment? ReverseAssignment { get; init; }

    /// <summary>The job that runs, or null.</summary>
    public JobTicket? Job { get; init; }

    /// <summary>The drill that is up, or null.</summary>
    public SiteCopy? TestFailover { get; init; }

    /// <summary>The machine at the recovery site, or null.</summary>
    public SiteCopy? Failover { get; init; }

    /// <summary>Last report of the agent that was kept here; newer ones are in memory only.</summary>
    public DateTimeOffset? LastHeartbeat { get; init; }

    /// <summary>When its disks were last found equal to their replicas in full, or were copied for the first time; null when that is not known.</summary>
    public DateTimeOffset? VerifiedAt { get; init; }

    /// <summary>When a verification was last begun.</summary>
    public DateTimeOffset? VerificationTriedAt { get; init; }

    /// <summary>The last verification that ended or found a difference.</summary>
    public AsrVerification? Verification { get; init; }

    /// <summary>What that verification had found before its agent restarted and began it anew; counted in it.</summary>
    public IReadOnlyList<VerifiedDisk> EarlierFindings { get; init; } = [];

    /// <summary>What is wrong now.</summary>
    public IReadOnlyList<HealthError> HealthErrors { get; init; } = [];
}

/// <summary>A job accepted by a machine. Kept in the machine's document, so that accepting a job and changing the state is one write.</summary>
public sealed record JobTicket
{
    /// <summary>Id of the job and of the request.</summary>
    public Guid JobId { get; init; }

    /// <summary>What was asked.</summary>
    public OperationRequest Request { get; init; } = new();

    /// <summary>Who asked.</summary>
    public string RequestedBy { get; init; } = "";

    /// <summary>When it was accepted; recovery time counts from here.</summary>
    public DateTimeOffset AcceptedAt { get; init; }

    /// <summary>What a failure goes back to.</summary>
    public BeforeJob Before { get; init; } = new();
}

/// <summary>What a job changes in a machine's document, as it was before.</summary>
public sealed record BeforeJob
{
    /// <summary>State.</summary>
    public MachineState State { get; init; }

    /// <summary>Policy.</summary>
    public string? PolicyName { get; init; }

    /// <summary>Consistency group.</summary>
    public string? ConsistencyGroup { get; init; }

    /// <summary>Protected disks.</summary>
    public IReadOnlyList<Guid> DiskIds { get; init; } = [];

    /// <summary>Until when points were kept without replication.</summary>
    public DateTimeOffset? PointsKeptUntil { get; init; }

    /// <summary>The agent's assignment.</summary>
    public AgentAssignment Assignment { get; init; } = new();

    /// <summary>The recovery site's assignment.</summary>
    public AgentAssignment? ReverseAssignment { get; init; }
}
