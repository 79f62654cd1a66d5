namespace Asr.Contracts;

/// <summary>How often recovery points are made, how long they are kept and when a late one raises an event.</summary>
public sealed record AsrReplicationPolicy
{
    /// <summary>Unique name, compared without case, 1 to 63 letters, digits, '-', '_' or '.'.</summary>
    public string Name { get; init; } = "";

    /// <summary>Age of the newest point, in seconds, above which an event is raised. Does not influence replication. Default 15 minutes.</summary>
    public int RpoThresholdSeconds { get; init; } = 15 * 60;

    /// <summary>How long points are kept, in seconds, up to 15 days. The newest point is always kept. Default 24 hours.</summary>
    public int RecoveryPointRetentionSeconds { get; init; } = 24 * 60 * 60;

    /// <summary>Interval of crash-consistent points in seconds, 1 second to 12 hours. Default 5 minutes.</summary>
    public int CrashConsistentFrequencySeconds { get; init; } = 5 * 60;

    /// <summary>True for the policy that the system made by itself for the way back of another one; it cannot be changed.</summary>
    public bool IsFailbackPolicy { get; init; }

    /// <summary>Name of the policy used after a reprotect, made together with this one; null on a failback policy.</summary>
    public string? FailbackPolicyName { get; init; }
}
