using Asr.Contracts;

namespace Asr.ProcessServer.Machines;

/// <summary>What the end of a job means for its machine.</summary>
internal static class JobEnds
{
    /// <summary>The trigger that the end fires; null when the state does not depend on it, or follows the agent's reports.</summary>
    public static MachineTrigger? TriggerOf(MachineOperation operation, JobOutcome outcome) => (operation, outcome) switch
    {
        (MachineOperation.EnableReplication, JobOutcome.Succeeded) => MachineTrigger.InitialReplicationDone,
        (MachineOperation.Resynchronize, JobOutcome.Succeeded) => MachineTrigger.ResynchronizationDone,
        (MachineOperation.DisableReplication, JobOutcome.Succeeded) => MachineTrigger.DisableDone,
        (MachineOperation.PlannedFailover or MachineOperation.UnplannedFailover or MachineOperation.ChangeRecoveryPoint, JobOutcome.Succeeded) =>
            MachineTrigger.FailoverDone,
        (MachineOperation.CancelFailover, JobOutcome.Succeeded) => MachineTrigger.FailoverCancelled,
        (MachineOperation.Reprotect, JobOutcome.Succeeded) => MachineTrigger.ReverseReplicationDone,
        (MachineOperation.Failback, JobOutcome.Succeeded) => MachineTrigger.FailbackDone,
        (MachineOperation.Failback, JobOutcome.Unfinished) => MachineTrigger.FailbackUnfinished,
        // The copy before is gone; from FailedOver the change can be asked for again, or the failover cancelled.
        (MachineOperation.ChangeRecoveryPoint, JobOutcome.Unfinished) => MachineTrigger.FailoverDone,
        (MachineOperation.CancelFailover, JobOutcome.Unfinished) => MachineTrigger.FailoverCancelled,
        (_, JobOutcome.RolledBack) when PutsBack(operation) => MachineTrigger.OperationFailed,
        _ => null,
    };

    /// <summary>
    /// True when a failure puts the machine's document back to what it was. Not for a removal, which can only be finished, nor where
    /// the desired state stays right although waiting for it failed.
    /// </summary>
    public static bool PutsBack(MachineOperation operation) => operation is not (MachineOperation.DisableReplication or MachineOperation.Resynchronize
        or MachineOperation.CreateRecoveryPoint or MachineOperation.TestFailover or MachineOperation.CleanUpTestFailover
        or MachineOperation.ExportRecoveryPoint or MachineOperation.CheckVault);
}
