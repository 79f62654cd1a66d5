using Asr.Contracts;

namespace Asr.ProcessServer.Machines;

/// <summary>What the legality of an operation depends on besides the state.</summary>
public sealed record LifecycleFacts
{
    /// <summary>True once a recovery point of the machine is published.</summary>
    public bool HasRecoveryPoint { get; init; }

    /// <summary>True while replication is disabled and immutable points are kept.</summary>
    public bool KeepsPoints { get; init; }

    /// <summary>True while a test failover is up.</summary>
    public bool HasTestFailover { get; init; }

    /// <summary>True while the vault knows a copy that the machine runs from at the recovery site.</summary>
    public bool HasFailoverCopy { get; init; }

    /// <summary>The operation whose job runs now, or null.</summary>
    public MachineOperation? RunningOperation { get; init; }

    /// <summary>The state in which that operation was accepted, or null.</summary>
    public MachineState? StateBeforeOperation { get; init; }
}
