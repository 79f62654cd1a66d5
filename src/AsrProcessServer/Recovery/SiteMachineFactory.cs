using System;
using Asr.Engine.Vault;
using Asr.ProcessServer.MasterTarget;

namespace Asr.ProcessServer.Recovery;

/// <summary>Makes the recovery site's view of a machine.</summary>
public sealed class SiteMachineFactory(IVault vault, IExportHost exports, RecoveryFolders folders, ReverseReplicationFactory replication)
{
    /// <summary>Makes it; nothing is up yet.</summary>
    public SiteMachine Create(Guid machineId) => new(machineId, new CopyOpener(vault, exports, folders), replication);
}
