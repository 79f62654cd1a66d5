using System;
using System.Collections.Generic;
using System.Text.Json.Serialization;

namespace Asr.Contracts;

/// <summary>How often recovery points are made, how long they are kept and when a late one raises an event.</summary>
public sealed record AsrReplicationPolicy
{
    /// <summary>Longest <see cref="VerificationFrequencyDays"/>.</summary>
    public const int VerificationFrequencyDaysMax = 90;

    /// <summary>Unique name, compared without case, 1 to 63 letters, digits, '-', '_' or '.'.</summary>
    public string Name { get; init; } = "";

    /// <summary>Age of the newest point, in seconds, above which an event is raised. Does not influence replication. Default 15 minutes.</summary>
    public int RpoThresholdSeconds { get; init; } = 15 * 60;

    /// <summary>
    /// How densely points are kept, by age: up to <see cref="RetentionTier.CountMax"/> tiers by ascending age, each sparser than the one before. What is
    /// older than the last tier goes; the newest point always stays. Default: every point for 24 hours.
    /// </summary>
    public IReadOnlyList<RetentionTier> RetentionTiers { get; init; } = RetentionTier.EveryPoint(TimeSpan.FromHours(24));

    /// <summary>
    /// How long after its publication a point cannot be removed by anyone, whatever is asked: not by retention, a change of the policy, or
    /// disabling replication. Zero for not at all, at most <see cref="Retention"/>. A change counts for points published after it.
    /// </summary>
    public TimeSpan ImmutableFor { get; init; }

    /// <summary>Interval of crash-consistent points in seconds, 1 second to 12 hours. Default 5 minutes.</summary>
    public int CrashConsistentFrequencySeconds { get; init; } = 5 * 60;

    /// <summary>Interval of app-consistent points in hours, 1 to 12; 0, the default, for none.</summary>
    public int AppConsistentFrequencyHours { get; init; }

    /// <summary>
    /// Days after which a machine's disks are compared with their replicas again, by the appliance itself: 1 to <see cref="VerificationFrequencyDaysMax"/>; 0 for never. Default 7.
    /// </summary>
    public int VerificationFrequencyDays { get; init; } = 7;

    /// <summary>
    /// When replication may use how much bandwidth: up to <see cref="BandwidthWindow.CountMax"/> windows of the week, by the appliance's local time. The first that a time lies in counts; outside of all there is no
    /// limit.
    /// </summary>
    public IReadOnlyList<BandwidthWindow> BandwidthLimit { get; init; } = Array.Empty<BandwidthWindow>();

    /// <summary>True for the policy that the system made by itself for the way back of another one; it cannot be changed.</summary>
    public bool IsFailbackPolicy { get; init; }

    /// <summary>Name of the policy used after a reprotect, made together with this one; null on a failback policy.</summary>
    public string? FailbackPolicyName { get; init; }

    /// <summary>The age up to which any point is kept: the end of the last tier.</summary>
    [JsonIgnore]
    public TimeSpan Retention => RetentionTiers.Count == 0 ? TimeSpan.Zero : RetentionTiers[RetentionTiers.Count - 1].For;

    /// <summary>The age up to which every change is kept, so that any instant between points can be opened too: the end of a first tier that keeps every point.</summary>
    [JsonIgnore]
    public TimeSpan ContinuousWindow => RetentionTiers.Count > 0 && RetentionTiers[0].Every == TimeSpan.Zero ? RetentionTiers[0].For : TimeSpan.Zero;
}
