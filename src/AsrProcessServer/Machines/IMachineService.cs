using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.ProcessServer.Machines;

/// <summary>
/// The machines of the vault: where each stands, what its agent should do, and the operations asked of it. The one owner of
/// machine state; the endpoints only carry requests to it. Every call may be repeated. Safe for concurrent callers.
/// </summary>
public interface IMachineService
{
    /// <summary>Every machine, by name.</summary>
    Task<IReadOnlyList<AsrReplicatedMachine>> ListAsync(CancellationToken cancellationToken);

    /// <summary>One machine; <see cref="AsrErrorCode.NotFound"/>.</summary>
    Task<AsrReplicatedMachine> GetAsync(Guid machineId, CancellationToken cancellationToken);

    /// <summary>
    /// Gives the id of the machine with this name (compared without case), making the machine when the name is new.
    /// A known name gets its own id again, in whatever state it is, as long as no agent reports for it: a fresh token is how an operator
    /// replaces an agent, and how a lost answer is repeated. While an agent does report it is <see cref="AsrErrorCode.AlreadyExists"/>:
    /// a token made for one machine must not take over another that is running.
    /// </summary>
    /// <param name="machineName">A checked name, see <c>MachineName</c>.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task<Guid> RegisterAsync(string machineName, CancellationToken cancellationToken);

    /// <summary>Takes the report of a machine's agent; <see cref="AsrErrorCode.NotFound"/> when the machine is not known (any more).</summary>
    Task ReportAsync(Guid machineId, AgentReport report, CancellationToken cancellationToken);

    /// <summary>
    /// What the machine's agent should do. With <paramref name="knownRevision"/> waits up to 10 seconds for another revision and then
    /// answers with what there is.
    /// </summary>
    Task<AgentAssignment> GetAssignmentAsync(Guid machineId, long? knownRevision, CancellationToken cancellationToken);

    /// <summary>
    /// Starts an operation and answers with its job as accepted. <see cref="OperationRequest.RequestId"/> is the job's id: the same request again
    /// gives the same job. <see cref="AsrErrorCode.OperationNotAllowed"/> says the state and what is allowed.
    /// </summary>
    Task<AsrJob> StartAsync(Guid machineId, OperationRequest request, string requestedBy, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a machine into a consistency group, or with null out of the one it is in. <see cref="AsrErrorCode.ConsistencyGroupFull"/>, <see cref="AsrErrorCode.ConsistencyGroupPolicyDiffers"/>,
    /// <see cref="AsrErrorCode.OperationNotAllowed"/> while it is not protected.
    /// </summary>
    Task<AsrReplicatedMachine> SetConsistencyGroupAsync(Guid machineId, string? group, CancellationToken cancellationToken);

    /// <summary>Takes a step of a machine's agent in a round of its consistency group, and answers when there is something to do, after 10 seconds at the latest.</summary>
    Task<ConsistencyOrder> StepAsync(Guid machineId, ConsistencyStep step, CancellationToken cancellationToken);

    /// <summary>Told after a point has been published; the same point may be told twice.</summary>
    Task OnPointPublishedAsync(AsrRecoveryPoint point, CancellationToken cancellationToken);

    /// <summary>Told after a policy has been changed, so that the machines under it get new assignments.</summary>
    Task OnPolicyChangedAsync(AsrReplicationPolicy policy, CancellationToken cancellationToken);
}
