using System;
using Asr.ProcessServer.MasterTarget;

namespace Asr.ProcessServer.Recovery;

/// <summary>Makes the recovery site's view of a machine.</summary>
public sealed class SiteMachineFactory(CopyOpener opener, ReverseReplicationFactory replication)
{
    /// <summary>Makes it; nothing is up yet.</summary>
    public SiteMachine Create(Guid machineId) => new(machineId, opener, replication);
}
