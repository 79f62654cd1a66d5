using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;

namespace Asr.Module.Policies;

/// <summary>What New-AsrPolicy and Set-AsrPolicy share: the times of a policy. Retention is an age with a preset, or a table of tiers.</summary>
public abstract class PolicyChangeCommand : ConnectedCommand
{
    private protected const string AgeSet = "Age";
    private protected const string TiersSet = "Tiers";

    /// <summary>Age of the newest recovery point above which an event is raised.</summary>
    [Parameter]
    public TimeSpan? RpoThreshold { get; set; }

    /// <summary>How long recovery points are kept.</summary>
    [Parameter(ParameterSetName = AgeSet)]
    [Alias("RecoveryPointRetention")]
    public TimeSpan? Retention { get; set; }

    /// <summary>How points are thinned on the way to that age.</summary>
    [Parameter(ParameterSetName = AgeSet)]
    public RetentionPreset? RetentionPreset { get; set; }

    /// <summary>The tiers of retention, by ascending age.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TiersSet)]
    [ValidateNotNullOrEmpty]
    public RetentionTier[] RetentionTier { get; set; } = null!;

    /// <summary>How long after its publication no one can remove a point.</summary>
    [Parameter]
    public TimeSpan? ImmutableFor { get; set; }

    /// <summary>Interval of crash-consistent points.</summary>
    [Parameter]
    public TimeSpan? CrashConsistentFrequency { get; set; }

    /// <summary>Interval of app-consistent points in hours; 0 for none.</summary>
    [Parameter]
    [ValidateRange(0, 12)]
    public int? AppConsistentFrequencyHours { get; set; }

    /// <summary>Days after which the appliance compares a machine's disks with their replicas again; 0 for never.</summary>
    [Parameter]
    [ValidateRange(0, AsrReplicationPolicy.VerificationFrequencyDaysMax)]
    public int? VerificationFrequencyDays { get; set; }

    /// <summary>
    /// Windows of the week in which replication may use so much bandwidth, such as "Mon-Fri 08:00-18:00 20MB/s"; none lifts the limit. A window that Get-AsrPolicy shows is its text.
    /// </summary>
    [Parameter]
    [AllowEmptyCollection]
    public string[]? BandwidthLimit { get; set; }

    /// <summary>The policy with the times that were given.</summary>
    private protected AsrReplicationPolicy Apply(AsrReplicationPolicy policy) => policy with
    {
        RpoThresholdSeconds = Seconds(RpoThreshold, policy.RpoThresholdSeconds, nameof(RpoThreshold)),
        RetentionTiers = Tiers(policy),
        ImmutableFor = ImmutableFor is { } window ? PolicyTimes.Check(window, nameof(ImmutableFor)) : policy.ImmutableFor,
        CrashConsistentFrequencySeconds =
            Seconds(CrashConsistentFrequency, policy.CrashConsistentFrequencySeconds, nameof(CrashConsistentFrequency)),
        AppConsistentFrequencyHours = AppConsistentFrequencyHours ?? policy.AppConsistentFrequencyHours,
        VerificationFrequencyDays = VerificationFrequencyDays ?? policy.VerificationFrequencyDays,
        BandwidthLimit = BandwidthLimit?.Select(Window).ToArray() ?? policy.BandwidthLimit,
    };

    private static BandwidthWindow Window(string text)
    {
        try
        {
            return BandwidthWindow.Parse(text);
        }
        catch (FormatException error)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"-{nameof(BandwidthLimit)}: {error.Message}", "Correct the window and try again.", text, error);
        }
    }

    private IReadOnlyList<RetentionTier> Tiers(AsrReplicationPolicy policy)
    {
        if (ParameterSetName == TiersSet)
        {
            return RetentionTier.Select(tier => new RetentionTier
            {
                Every = PolicyTimes.Check(tier.Every, $"{nameof(RetentionTier)} Every"),
                For = PolicyTimes.Check(tier.For, $"{nameof(RetentionTier)} For"),
            }).ToArray();
        }

        if (Retention is null && RetentionPreset is null)
        {
            return policy.RetentionTiers;
        }

        TimeSpan age = PolicyTimes.Check(Retention ?? policy.Retention, nameof(Retention));
        return RetentionPreset == Contracts.RetentionPreset.Azure ? Contracts.RetentionTier.Azure(age) : Contracts.RetentionTier.EveryPoint(age);
    }

    private static int Seconds(TimeSpan? given, int present, string parameter) =>
        given is { } span ? (int)PolicyTimes.Check(span, parameter).TotalSeconds : present;
}
