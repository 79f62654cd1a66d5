namespace Asr.Contracts;

/// <summary>What can be asked of a machine. Each is a job; whether it is legal now is in <see cref="AsrReplicatedMachine.AllowedOperations"/>.</summary>
public enum MachineOperation
{
    /// <summary>Starts replication under a policy.</summary>
    EnableReplication = 0,

    /// <summary>Ends replication and removes the machine's recovery points, the immutable ones when their window has passed.</summary>
    DisableReplication = 1,

    /// <summary>Stops sending changes; they are remembered in the activity log.</summary>
    PauseReplication = 2,

    /// <summary>Ends a pause.</summary>
    ResumeReplication = 3,

    /// <summary>Compares every block with the source and sends what differs.</summary>
    Resynchronize = 4,

    /// <summary>Makes a recovery point now.</summary>
    CreateRecoveryPoint = 5,

    /// <summary>Brings a copy up beside the running machine.</summary>
    TestFailover = 6,

    /// <summary>Removes everything the test failover made.</summary>
    CleanUpTestFailover = 7,

    /// <summary>Stops the source, takes its last change, and brings the machine up at the recovery site: nothing is lost.</summary>
    PlannedFailover = 8,

    /// <summary>Brings the machine up at the recovery site from what the vault holds, without the source.</summary>
    UnplannedFailover = 9,

    /// <summary>Brings the failed-over machine up again from another point.</summary>
    ChangeRecoveryPoint = 10,

    /// <summary>Makes the failover final.</summary>
    CommitFailover = 11,

    /// <summary>Drops the failed-over copy and continues at the source.</summary>
    CancelFailover = 12,

    /// <summary>Replicates the machine from the recovery site into the vault.</summary>
    Reprotect = 13,

    /// <summary>Brings the original disk up to date with only the differences, and continues at the source.</summary>
    Failback = 14,

    /// <summary>Writes the disks of a recovery point out as files, beside whatever else the machine does. Can be cancelled.</summary>
    ExportRecoveryPoint = 15,

    /// <summary>Verifies what the vault holds, of one machine or of all. It is asked of the vault (<see cref="AsrRoutes.VaultChecks"/>), stands beside everything, and can be cancelled.</summary>
    CheckVault = 16,

    /// <summary>
    /// Compares the machine's disks with a recovery point made for it, by digests and while the machine goes on writing; what differs is sent anew. Stands beside whatever else the machine does, and can be
    /// cancelled; it ends with the replication.
    /// </summary>
    VerifyReplication = 17,
}
