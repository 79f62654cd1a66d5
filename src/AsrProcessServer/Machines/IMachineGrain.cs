using System;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Recovery;
using Orleans;

namespace Asr.ProcessServer.Machines;

/// <summary>
/// The one owner of a machine's document; its key is the machine's id. Calls are short: nothing here waits for agents, disks or bytes.
/// The members that take a job's id throw <see cref="AsrErrorCode.Cancelled"/> when that job is not the machine's any more.
/// </summary>
public interface IMachineGrain : IGrainWithGuidKey
{
    /// <summary>Creates the machine, or takes a known one over for a new agent; see <see cref="IMachineService.RegisterAsync"/>.</summary>
    Task RegisterAsync(string name);

    /// <summary>The machine now; <see cref="AsrErrorCode.NotFound"/>.</summary>
    Task<MachineView> LookAsync();

    /// <summary>Takes an agent's report.</summary>
    Task ReportAsync(AgentReport report);

    /// <summary>Accepts an operation.</summary>
    Task<AsrJob> StartAsync(OperationRequest request, string requestedBy);

    /// <summary>Makes sure that the accepted job exists and runs: called at start, when a crash may have come between the two.</summary>
    Task ResumeJobAsync();

    /// <summary>Looks at heartbeat and recovery point objective.</summary>
    Task CheckHealthAsync();

    /// <summary>A point has been published.</summary>
    Task PointPublishedAsync(AsrRecoveryPoint point);

    /// <summary>The policy has been changed.</summary>
    Task PolicyChangedAsync(AsrReplicationPolicy policy);

    /// <summary>Puts the machine into a consistency group whose rules it fits, or out of the one it is in. <see cref="AsrErrorCode.OperationNotAllowed"/> while it is not protected.</summary>
    Task SetConsistencyGroupAsync(string? group);

    /// <summary>Gives the agent something else to do; the revision is set here.</summary>
    Task AssignAsync(Guid jobId, AgentAssignment wanted);

    /// <summary>Gives the replicator at the recovery site something else to do, or ends it.</summary>
    Task AssignReverseAsync(Guid jobId, AgentAssignment? wanted);

    /// <summary>Has the agent compare its disks with their replicas, beside whatever it does; <see cref="AsrErrorCode.OperationNotAllowed"/> while another verification runs or none can.</summary>
    Task BeginVerificationAsync(Guid jobId, long bytesPerSecond);

    /// <summary>The agent need not go on with a verification, nor tell of it.</summary>
    Task EndVerificationAsync(Guid jobId);

    /// <summary>Records what is protected.</summary>
    Task SetProtectionAsync(Guid jobId, ProtectionChange change);

    /// <summary>Records that a drill is up, or gone.</summary>
    Task SetTestFailoverAsync(Guid jobId, SiteCopy? copy);

    /// <summary>Records that the machine runs at the recovery site, or does no longer.</summary>
    Task SetFailoverAsync(Guid jobId, SiteCopy? copy);

    /// <summary>Ends the machine's job: moves to the state the table says and, on failure, takes back what the job changed here. A repetition does nothing.</summary>
    Task EndJobAsync(Guid jobId, JobOutcome outcome);
}

/// <summary>What is protected from now on.</summary>
/// <param name="PolicyName">Policy, or null for none.</param>
/// <param name="DiskIds">Disks.</param>
/// <param name="PointsKeptUntil">Until when immutable points are kept without replication; null for not.</param>
public sealed record ProtectionChange(string? PolicyName, System.Collections.Generic.IReadOnlyList<Guid> DiskIds, DateTimeOffset? PointsKeptUntil = null);

/// <summary>How a job ended, as far as its machine is concerned.</summary>
public enum JobOutcome
{
    /// <summary>All steps are done.</summary>
    Succeeded,

    /// <summary>A step failed and everything was taken back.</summary>
    RolledBack,

    /// <summary>A step failed after the point from which there is no way back: what was done stays.</summary>
    Unfinished,
}
