using System.Collections.Generic;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Shipping;
using Asr.Engine.Vault;

namespace Asr.Oracle.Tests.Bugs;

/// <summary>
/// A fault put into the product at one of its seams, to prove that the oracle would notice it. The base class changes nothing.
/// One object serves one run, from several threads.
/// </summary>
internal abstract class PlantedBug
{
    /// <summary>The disk under the capture.</summary>
    public virtual IBlockDevice Source(IBlockDevice source) => source;

    /// <summary>The activity log, each time it is opened.</summary>
    public virtual IActivityLog ActivityLog(IActivityLog log) => log;

    /// <summary>The way to the process server, seen by the agent.</summary>
    public virtual IReplicationSink Sink(IReplicationSink sink) => sink;

    /// <summary>The instants that the agent tells, in their order.</summary>
    public virtual IReadOnlyList<MachineInstant> Instants(IReadOnlyList<MachineInstant> told) => told;

    /// <summary>The clock that the agent reads.</summary>
    public virtual System.TimeProvider AgentClock(System.TimeProvider clock) => clock;

    /// <summary>The file system under the vault.</summary>
    public virtual IFileLayer Files(IFileLayer files) => files;

    /// <summary>The vault, each time it is opened.</summary>
    public virtual IVault Vault(IVault vault) => vault;
}
