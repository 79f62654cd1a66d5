using Asr.Contracts;

namespace Asr.ProcessServer.Machines;

/// <summary>
/// What can move a machine from one state to another: the operations a person asks for (same names and numbers as
/// <see cref="MachineOperation"/>), and what the system itself finds out.
/// </summary>
public enum MachineTrigger
{
    /// <inheritdoc cref="MachineOperation.EnableReplication"/>
    EnableReplication = MachineOperation.EnableReplication,

    /// <inheritdoc cref="MachineOperation.DisableReplication"/>
    DisableReplication = MachineOperation.DisableReplication,

    /// <inheritdoc cref="MachineOperation.PauseReplication"/>
    PauseReplication = MachineOperation.PauseReplication,

    /// <inheritdoc cref="MachineOperation.ResumeReplication"/>
    ResumeReplication = MachineOperation.ResumeReplication,

    /// <inheritdoc cref="MachineOperation.Resynchronize"/>
    Resynchronize = MachineOperation.Resynchronize,

    /// <inheritdoc cref="MachineOperation.CreateRecoveryPoint"/>
    CreateRecoveryPoint = MachineOperation.CreateRecoveryPoint,

    /// <inheritdoc cref="MachineOperation.TestFailover"/>
    TestFailover = MachineOperation.TestFailover,

    /// <inheritdoc cref="MachineOperation.CleanUpTestFailover"/>
    CleanUpTestFailover = MachineOperation.CleanUpTestFailover,

    /// <inheritdoc cref="MachineOperation.PlannedFailover"/>
    PlannedFailover = MachineOperation.PlannedFailover,

    /// <inheritdoc cref="MachineOperation.UnplannedFailover"/>
    UnplannedFailover = MachineOperation.UnplannedFailover,

    /// <inheritdoc cref="MachineOperation.ChangeRecoveryPoint"/>
    ChangeRecoveryPoint = MachineOperation.ChangeRecoveryPoint,

    /// <inheritdoc cref="MachineOperation.CommitFailover"/>
    CommitFailover = MachineOperation.CommitFailover,

    /// <inheritdoc cref="MachineOperation.CancelFailover"/>
    CancelFailover = MachineOperation.CancelFailover,

    /// <inheritdoc cref="MachineOperation.Reprotect"/>
    Reprotect = MachineOperation.Reprotect,

    /// <inheritdoc cref="MachineOperation.Failback"/>
    Failback = MachineOperation.Failback,

    /// <inheritdoc cref="MachineOperation.ExportRecoveryPoint"/>
    ExportRecoveryPoint = MachineOperation.ExportRecoveryPoint,

    /// <inheritdoc cref="MachineOperation.VerifyReplication"/>
    VerifyReplication = MachineOperation.VerifyReplication,

    /// <summary>The stream equals the disks and the first recovery point is published.</summary>
    InitialReplicationDone = 100,

    /// <summary>The agent compares with the replica although no one asked: after a reboot, a lost log, a changed epoch.</summary>
    ResynchronizationNeeded = 101,

    /// <summary>Every difference has been sent and points are made again.</summary>
    ResynchronizationDone = 102,

    /// <summary>Every trace of the replication has been removed.</summary>
    DisableDone = 103,

    /// <summary>The machine is up at the recovery site.</summary>
    FailoverDone = 104,

    /// <summary>The copy at the recovery site is gone and the source goes on.</summary>
    FailoverCancelled = 105,

    /// <summary>The first recovery point made at the recovery site is published.</summary>
    ReverseReplicationDone = 106,

    /// <summary>The machine runs at the original site again and is protected.</summary>
    FailbackDone = 107,

    /// <summary>The machine runs at the original site again, but its protection has not caught up yet.</summary>
    FailbackUnfinished = 108,

    /// <summary>The operation failed and what it had made was taken back: the state is again what it was.</summary>
    OperationFailed = 109,
}
