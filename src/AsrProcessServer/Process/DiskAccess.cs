using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.ProcessServer.Process;

/// <summary>Opens disks to the agent of their own machine and to no one else. Safe for concurrent callers.</summary>
internal sealed class DiskAccess(IDiskOwners owners)
{
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
