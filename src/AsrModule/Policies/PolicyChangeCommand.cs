using System;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;

namespace Asr.Module.Policies;

/// <summary>The times that New-AsrPolicy and Set-AsrPolicy share.</summary>
public abstract class PolicyChangeCommand : ConnectedCommand
{
    /// <summary>Age of the newest recovery point above which an event is raised.</summary>
    [Parameter]
    public TimeSpan? RpoThreshold { get; set; }

    /// <summary>How long recovery points are kept.</summary>
    [Parameter]
    [Alias("RecoveryPointRetention")]
    public TimeSpan? Retention { get; set; }

    /// <summary>Interval of crash-consistent points.</summary>
    [Parameter]
    public TimeSpan? CrashConsistentFrequency { get; set; }

    /// <summary>The policy with the times that were given.</summary>
    private protected AsrReplicationPolicy Apply(AsrReplicationPolicy policy) => policy with
    {
        RpoThresholdSeconds = Seconds(RpoThreshold, policy.RpoThresholdSeconds, nameof(RpoThreshold)),
        RecoveryPointRetentionSeconds = Seconds(Retention, policy.RecoveryPointRetentionSeconds, nameof(Retention)),
        CrashConsistentFrequencySeconds =
            Seconds(CrashConsistentFrequency, policy.CrashConsistentFrequencySeconds, nameof(CrashConsistentFrequency)),
    };

    private static int Seconds(TimeSpan? given, int present, string parameter) =>
        given is { } span ? PolicyTimes.ToSeconds(span, parameter) : present;
}
