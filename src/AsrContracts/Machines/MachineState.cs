namespace Asr.Contracts;

/// <summary>
/// Where a machine stands. The list is closed and the legal transitions are one table, MachineLifecycle in the appliance.
/// A test failover is beside this state, not in it: see <see cref="AsrReplicatedMachine.TestFailover"/>.
/// </summary>
public enum MachineState
{
    /// <summary>Enrolled and offering disks; nothing is replicated.</summary>
    Discovered = 0,

    /// <summary>The first full copy is on its way; there is no recovery point yet.</summary>
    InitialReplication = 1,

    /// <summary>Changes flow and recovery points are made by the policy.</summary>
    Protected = 2,

    /// <summary>The replica is being compared with the source after a doubt; older points stay usable, new ones wait for the end.</summary>
    Resynchronizing = 3,

    /// <summary>Replication is paused by request; changes are remembered, older points stay usable.</summary>
    Paused = 4,

    /// <summary>A failover job is running.</summary>
    FailingOver = 5,

    /// <summary>The machine runs at the recovery site; the point can be changed and the failover cancelled.</summary>
    FailedOver = 6,

    /// <summary>The failover is final; the way back is Reprotect.</summary>
    FailoverCommitted = 7,

    /// <summary>Changes made at the recovery site are being brought into the vault for the first time.</summary>
    Reprotecting = 8,

    /// <summary>Changes at the recovery site flow into the vault; Failback is possible at any time.</summary>
    ReverseProtected = 9,

    /// <summary>A failback job is running.</summary>
    FailingBack = 10,

    /// <summary>Replication is being switched off.</summary>
    Disabling = 11,

    /// <summary>
    /// Replication is off. Its immutable recovery points and their data are kept, and can be failed over to, until their window has passed; then the
    /// appliance removes them by itself and the machine is Discovered again.
    /// </summary>
    Disabled = 12,
}
