using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.ProcessServer.Jobs;
using Asr.ProcessServer.Recovery;
using Orleans;

namespace Asr.ProcessServer.Machines;

/// <content>Accepting operations, and what their jobs change.</content>
public sealed partial class MachineGrain
{
    /// <inheritdoc />
    public async Task<AsrJob> StartAsync(OperationRequest request, string requestedBy)
    {
        if (request.RequestId == Guid.Empty)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, "The request has no id.", "Give every request an id of its own.", Document.Name);
        }
        IJobGrain job = GrainFactory.GetGrain<IJobGrain>(request.RequestId);
        if (await job.FindAsync() is { } known)
        {
            return known.Job.MachineId == Document.Id && known.Job.Operation == request.Operation
                ? known.Job
                : throw new AsrException(
                    AsrErrorCode.AlreadyExists, $"Request id {request.RequestId} belongs to another request.", "Give every request an id of its own.", Document.Name);
        }
        if (MachineLifecycle.IsBeside(request.Operation))
        {
            Lifecycle().Accept(request.Operation, Document.Name);
            await CheckPointAsync(request);
            if (request.Operation == MachineOperation.VerifyReplication)
            {
                await CheckNoVerificationAsync();
            }
            JobTicket beside = new() { JobId = request.RequestId, Request = request, RequestedBy = requestedBy, AcceptedAt = time.GetUtcNow() };
            return await job.StartAsync(beside, Document.Id, Document.Name);
        }
        if (Document.Job?.JobId != request.RequestId)
        {
            await AcceptAsync(request, requestedBy);
        }
        return await job.StartAsync(Document.Job!, Document.Id, Document.Name);
    }

    /// <inheritdoc />
    public Task ResumeJobAsync() => Document.Job is { } ticket
        ? GrainFactory.GetGrain<IJobGrain>(ticket.JobId).StartAsync(ticket, Document.Id, Document.Name)
        : Task.CompletedTask;

    /// <inheritdoc />
    public Task AssignAsync(Guid jobId, AgentAssignment wanted)
    {
        CheckJob(jobId);
        return AssignmentChange.Follow(Document.Assignment, AssignmentChange.KeepBeside(Document.Assignment, wanted)) is { } next ? SaveAsync(Document with { Assignment = next }) : Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task AssignReverseAsync(Guid jobId, AgentAssignment? wanted)
    {
        CheckJob(jobId);
        AgentAssignment? next = wanted is null ? null : AssignmentChange.Follow(Document.ReverseAssignment ?? new AgentAssignment(), wanted);
        return wanted is null || next is not null ? SaveAsync(Document with { ReverseAssignment = next }) : Task.CompletedTask;
    }

    /// <inheritdoc />
    public async Task SetProtectionAsync(Guid jobId, ProtectionChange change)
    {
        CheckJob(jobId);
        await SaveAsync(Document with
        {
            PolicyName = change.PolicyName,
            DiskIds = change.DiskIds,
            PointsKeptUntil = change.PointsKeptUntil,
            // Whoever only keeps points makes none with others.
            ConsistencyGroup = change.PolicyName is null || change.PointsKeptUntil is not null ? null : Document.ConsistencyGroup,
        });
        if (change.PolicyName is null)
        {
            await ForgetVerificationsAsync();
        }
        _latestPoint = change.PolicyName is null ? null : await ReadLatestPointAsync(CancellationToken.None);
        _changes = change.PolicyName is null ? new ChangeWatchState() : _changes;
    }

    /// <inheritdoc />
    public Task SetTestFailoverAsync(Guid jobId, SiteCopy? copy)
    {
        CheckMayChange(Document.TestFailover, jobId, copy);
        return SaveAsync(Document with { TestFailover = copy });
    }

    /// <inheritdoc />
    public Task SetFailoverAsync(Guid jobId, SiteCopy? copy)
    {
        CheckMayChange(Document.Failover, jobId, copy);
        return SaveAsync(Document with { Failover = copy });
    }

    /// <inheritdoc />
    public async Task EndJobAsync(Guid jobId, JobOutcome outcome)
    {
        if (Document.Job is not { } ticket || ticket.JobId != jobId)
        {
            return;
        }
        MachineLifecycle lifecycle = Lifecycle();
        MachineTrigger? trigger = JobEnds.TriggerOf(ticket.Request.Operation, outcome);
        MachineState next = trigger is { } known && lifecycle.CanFire(known) ? lifecycle.Fire(known) : Document.State;
        MachineDocument ended = Document with { Job = null, State = next };
        if (outcome == JobOutcome.RolledBack && JobEnds.PutsBack(ticket.Request.Operation))
        {
            // A first copy that is taken back leaves nothing, or the immutable points that its undoing has noted.
            bool isFirstCopy = ticket.Request.Operation == MachineOperation.EnableReplication;
            BeforeJob protection = !isFirstCopy ? ticket.Before
                : Document.PointsKeptUntil is null ? new BeforeJob()
                : BeforeOf(Document with { Job = null });
            ended = ended with
            {
                PolicyName = protection.PolicyName,
                ConsistencyGroup = protection.ConsistencyGroup,
                DiskIds = protection.DiskIds,
                PointsKeptUntil = protection.PointsKeptUntil,
                Assignment = AssignmentChange.GoBack(Document.Assignment, ticket.Before.Assignment),
                ReverseAssignment = ticket.Before.ReverseAssignment is { } before
                    ? AssignmentChange.GoBack(Document.ReverseAssignment ?? before, before)
                    : null,
            };
        }
        await SaveAsync(ended);
    }

    private async Task AcceptAsync(OperationRequest request, string requestedBy)
    {
        MachineDocument document = Document;
        MachineState next = Lifecycle().Accept(request.Operation, document.Name);
        IReadOnlyList<Guid> diskIds = document.DiskIds;
        string? policyName = document.PolicyName;
        if (request.Operation == MachineOperation.EnableReplication)
        {
            policyName = (await CheckPolicyAsync(request)).Name;
            diskIds = CheckDisks(request);
        }
        await CheckPointAsync(request);
        if (document.Job is { } superseded)
        {
            runner.Supersede(superseded.JobId);
        }
        await SaveAsync(document with
        {
            State = next,
            PolicyName = policyName,
            ConsistencyGroup = request.Operation == MachineOperation.EnableReplication ? request.ConsistencyGroup : document.ConsistencyGroup,
            DiskIds = diskIds,
            // From here on the points that were kept are older points of a protected machine.
            PointsKeptUntil = request.Operation is MachineOperation.EnableReplication or MachineOperation.Reprotect ? null : document.PointsKeptUntil,
            Job = new JobTicket
            {
                JobId = request.RequestId,
                Request = request,
                RequestedBy = requestedBy,
                AcceptedAt = time.GetUtcNow(),
                Before = BeforeOf(document),
            },
        });
        if (request.Operation == MachineOperation.EnableReplication)
        {
            _latestPoint = null;
        }
    }

    /// <summary>
    /// What a failure goes back to. A job that takes another's place goes back to where that one began: how far the other had come, and that
    /// its state and its assignment fit together, is not known.
    /// </summary>
    private static BeforeJob BeforeOf(MachineDocument document) => document.Job is { } superseded && JobEnds.PutsBack(superseded.Request.Operation)
        ? superseded.Before
        : new BeforeJob
        {
            State = document.State,
            PolicyName = document.PolicyName,
            ConsistencyGroup = document.ConsistencyGroup,
            DiskIds = document.DiskIds,
            PointsKeptUntil = document.PointsKeptUntil,
            Assignment = document.Assignment,
            ReverseAssignment = document.ReverseAssignment,
        };

    private async Task CheckPointAsync(OperationRequest request)
    {
        if (request.PointInTime is not null && request.RecoveryPointId is null)
        {
            throw new AsrException(
                AsrErrorCode.Conflict, $"Machine '{Document.Name}' changed while the recovery point was looked for.", "Repeat the request.", Document.Name);
        }
        if (request.RecoveryPointId is { } pointId && await points.FindAsync(Document.Id, pointId, CancellationToken.None) is null)
        {
            throw new AsrException(
                AsrErrorCode.NotFound, $"Machine '{Document.Name}' has no recovery point {pointId}.", "List the machine's recovery points; it may have expired.",
                pointId.ToString());
        }
    }

    private async Task<AsrReplicationPolicy> CheckPolicyAsync(OperationRequest request)
    {
        if (string.IsNullOrEmpty(request.PolicyName))
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, "EnableReplication needs a policy.", "Name a replication policy.", Document.Name);
        }
        AsrReplicationPolicy policy = await policies.GetAsync(request.PolicyName, CancellationToken.None);
        return policy.IsFailbackPolicy
            ? throw new AsrException(
                AsrErrorCode.InvalidArgument, $"Policy '{policy.Name}' is for the way back and cannot protect a machine.", "Name the policy it belongs to.", policy.Name)
            : policy;
    }

    private IReadOnlyList<Guid> CheckDisks(OperationRequest request)
    {
        Guid[] offered = Document.Disks.Select(disk => disk.Id).ToArray();
        if (offered.Length == 0)
        {
            throw new AsrException(
                AsrErrorCode.AgentUnreachable, $"The agent of '{Document.Name}' has not offered any disk yet.", "Start the agent with at least one disk.", Document.Name);
        }
        if (request.DiskIds is { Count: 0 })
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, "The list of disks is empty.", "Leave it out to protect all disks.", Document.Name);
        }
        Guid[] wanted = request.DiskIds?.Distinct().ToArray() ?? offered;
        Guid[] unknown = wanted.Except(offered).ToArray();
        return unknown.Length == 0
            ? wanted
            : throw new AsrException(
                AsrErrorCode.NotFound, $"The agent of '{Document.Name}' does not offer disk {unknown[0]}.", "Show the machine to see its disks.", unknown[0].ToString());
    }

    /// <summary>A job that lost the machine to another one may still take back the copy that it has made itself, and nothing else.</summary>
    private void CheckMayChange(SiteCopy? present, Guid jobId, SiteCopy? wanted)
    {
        if (wanted is not null || (present is not null && present.JobId != jobId))
        {
            CheckJob(jobId);
        }
    }

    private void CheckJob(Guid jobId)
    {
        if (Document.Job?.JobId != jobId)
        {
            throw new AsrException(AsrErrorCode.Cancelled, $"Job {jobId} is not the job of '{Document.Name}' any more.", null, Document.Name);
        }
    }
}
