using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Machines;

namespace Asr.ProcessServer.Process;

/// <summary>
/// Opens disks to the agent of their own machine and to no one else, and their streams only while the machine is to be replicated from there.
/// Safe for concurrent callers.
/// </summary>
internal sealed class DiskAccess(IDiskOwners owners, IMachineService machines)
{
    /// <summary>
    /// Throws <see cref="AsrErrorCode.OperationNotAllowed"/> unless the agent's assignment is to replicate. An agent that was cut off during a
    /// failover still believes that it is the source; it must neither take the stream back from the recovery site nor publish points of a disk
    /// that the company no longer runs on.
    /// </summary>
    public async ValueTask DemandReplicatingAsync(Guid machineId, CancellationToken cancellationToken)
    {
        AgentAssignment assignment = await machines.GetAssignmentAsync(machineId, knownRevision: null, cancellationToken);
        if (assignment.Mode is not (AgentMode.Replicate or AgentMode.Quiesce))
        {
            throw new AsrException(
                AsrErrorCode.OperationNotAllowed,
                $"Machine {machineId} is not to be replicated by its agent now: its assignment is {assignment.Mode}.",
                "Nothing to do on the machine; the agent follows its assignment as soon as it learns of it.",
                machineId.ToString());
        }
    }

    /// <summary>Throws <see cref="AsrErrorCode.Forbidden"/> when the disk is another machine's, <see cref="AsrErrorCode.SessionLost"/> when the vault does not hold it (any more).</summary>
    public async ValueTask DemandAsync(Guid machineId, Guid diskId, CancellationToken cancellationToken)
    {
        Guid owner = await owners.FindAsync(diskId, cancellationToken)
            ?? throw new AsrException(AsrErrorCode.SessionLost, $"No disk {diskId} is replicated to this vault.", "Open a session for the disk.", diskId.ToString());
        DemandOwner(machineId, diskId, owner);
    }

    /// <summary>The same for a session: a disk that is not known yet becomes the machine's.</summary>
    public async ValueTask DemandForSessionAsync(Guid machineId, Guid diskId, CancellationToken cancellationToken)
    {
        if (await owners.FindAsync(diskId, cancellationToken) is { } owner)
        {
            DemandOwner(machineId, diskId, owner);
        }
    }

    private static void DemandOwner(Guid machineId, Guid diskId, Guid owner)
    {
        if (owner != machineId)
        {
            throw new AsrException(AsrErrorCode.Forbidden, $"Disk {diskId} is not one of machine {machineId}.", "Give every disk an id of its own; do not copy an agent's state folder.", diskId.ToString());
        }
    }
}
