using System;
using System.Collections.Generic;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Engine.Shipping;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.MasterTarget;

/// <summary>
/// Makes the replication of machines that run at the recovery site: the same engine as in an agent, with the vault's ingest in this process as its other end.
/// </summary>
public sealed class ReverseReplicationFactory(
    IReplicationSink sink, IReplicaSource replica, TimeProvider time, ILogger<MachineReplicator> logger)
{
    /// <summary>Takes charge of a failed-over machine's disks, which stay the caller's; dispose to end.</summary>
    public MachineReplicator Create(Guid machineId, string machineName, IReadOnlyList<DiskCapture> disks) => new(
        machineId,
        disks,
        sink,
        replica,
        new ShippingOptions { MachineName = machineName, AgentVersion = "appliance", Source = ActiveLocation.Recovery },
        time,
        logger);
}
