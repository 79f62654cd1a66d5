using System;
using System.Text.RegularExpressions;
using Asr.Contracts;

namespace Asr.ProcessServer.Configuration;

/// <summary>The bounds of a replication policy; each broken one is named.</summary>
internal static partial class PolicyRules
{
    /// <summary>What the name of a failback policy ends with; reserved for those.</summary>
    public const string FailbackSuffix = "-failback";

    private const int HourSeconds = 60 * 60;
    private const int DaySeconds = 24 * HourSeconds;
    private const int RpoThresholdSecondsMax = DaySeconds;
    private const int FrequencySecondsMax = 12 * HourSeconds;
    private const int AppConsistentHoursMax = 12;

    /// <summary>Throws <see cref="AsrErrorCode.InvalidArgument"/> naming the first bound that is broken.</summary>
    public static void Check(AsrReplicationPolicy policy)
    {
        CheckName(policy.Name);
        if (policy.Name.EndsWith(FailbackSuffix, StringComparison.OrdinalIgnoreCase))
        {
            throw Invalid(policy, "Name", $"must not end with '{FailbackSuffix}'; such policies are made by the system");
        }

        InRange(policy, nameof(policy.RpoThresholdSeconds), policy.RpoThresholdSeconds, 1, RpoThresholdSecondsMax);
        CheckTiers(policy);
        InRange(policy, nameof(policy.CrashConsistentFrequencySeconds), policy.CrashConsistentFrequencySeconds, 1, FrequencySecondsMax);
        if (policy.AppConsistentFrequencyHours is < 0 or > AppConsistentHoursMax)
        {
            throw Invalid(policy, nameof(policy.AppConsistentFrequencyHours), $"is {policy.AppConsistentFrequencyHours}; allowed are 1 to {AppConsistentHoursMax} hours, and 0 for none");
        }

        if (policy.VerificationFrequencyDays is < 0 or > AsrReplicationPolicy.VerificationFrequencyDaysMax)
        {
            throw Invalid(
                policy, nameof(policy.VerificationFrequencyDays), $"is {policy.VerificationFrequencyDays}; allowed are 1 to {AsrReplicationPolicy.VerificationFrequencyDaysMax} days, and 0 for never");
        }

        CheckBandwidth(policy);
        if (policy.ImmutableFor < TimeSpan.Zero || policy.ImmutableFor > policy.Retention || !IsWhole(policy.ImmutableFor))
        {
            throw Invalid(policy, nameof(policy.ImmutableFor), $"is {policy.ImmutableFor}; allowed are whole seconds up to the {policy.Retention} that points are kept");
        }
    }

    /// <summary>Throws <see cref="AsrErrorCode.InvalidArgument"/> when no policy can have this name, not even a failback policy.</summary>
    public static void CheckName(string? name)
    {
        string stem = name is not null && name.EndsWith(FailbackSuffix, StringComparison.OrdinalIgnoreCase) ? name[..^FailbackSuffix.Length] : name ?? "";
        if (!NamePattern().IsMatch(stem))
        {
            throw new AsrException(AsrErrorCode.InvalidArgument,
                "Name of a policy must be 1 to 63 letters, digits, '-', '_' or '.', and must not start with '.'.", "Choose another name.");
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,62}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    private static void CheckTiers(AsrReplicationPolicy policy)
    {
        if (policy.RetentionTiers is not { Count: >= 1 and <= RetentionTier.CountMax } tiers)
        {
            throw Invalid(policy, nameof(policy.RetentionTiers), $"must be 1 to {RetentionTier.CountMax} tiers");
        }

        for (int i = 0; i < tiers.Count; i++)
        {
            if (Fault(tiers[i], i == 0 ? null : tiers[i - 1]) is { } fault)
            {
                throw Invalid(policy, nameof(policy.RetentionTiers), $"has a tier {i + 1} {fault}");
            }
        }
    }

    private static void CheckBandwidth(AsrReplicationPolicy policy)
    {
        if (policy.BandwidthLimit is not { Count: <= BandwidthWindow.CountMax } windows)
        {
            throw Invalid(policy, nameof(policy.BandwidthLimit), $"must be at most {BandwidthWindow.CountMax} windows");
        }

        for (int i = 0; i < windows.Count; i++)
        {
            if ((windows[i] is { } window ? window.Fault : "is null") is { } fault)
            {
                throw Invalid(policy, nameof(policy.BandwidthLimit), $"has a window {i + 1} that {fault}");
            }
        }
    }

    /// <summary>
    /// What is wrong with a tier, or null. A slot is a whole number of the slots before it, so that thinning again what has been thinned leaves
    /// a point wherever there was one.
    /// </summary>
    private static string? Fault(RetentionTier? tier, RetentionTier? before)
    {
        if (tier is null)
        {
            return "that is null";
        }

        string which = $"(every {tier.Every} for {tier.For})";
        if (!IsWhole(tier.Every) || !IsWhole(tier.For) || tier.Every < TimeSpan.Zero)
        {
            return $"{which} whose times are not whole seconds";
        }

        if (tier.For <= (before?.For ?? TimeSpan.Zero) || tier.For > RetentionTier.ForMax)
        {
            return $"{which} that must reach further than {before?.For ?? TimeSpan.Zero} and no further than {RetentionTier.ForMax}";
        }

        if (before is not null && (tier.Every <= before.Every || (before.Every > TimeSpan.Zero && tier.Every.Ticks % before.Every.Ticks != 0)))
        {
            return $"{which} that must be sparser than the tier before it, by a multiple of its {before.Every}";
        }

        return tier.Every > tier.For ? $"{which} that is too short to hold one point" : null;
    }

    private static bool IsWhole(TimeSpan span) => span.Ticks % TimeSpan.TicksPerSecond == 0;

    private static void InRange(AsrReplicationPolicy policy, string field, int value, int min, int max)
    {
        if (value < min || value > max)
        {
            throw Invalid(policy, field, $"is {value}; allowed are {min} to {max} seconds");
        }
    }

    private static AsrException Invalid(AsrReplicationPolicy policy, string field, string what) =>
        new(AsrErrorCode.InvalidArgument, $"{field} of policy '{policy.Name}' {what}.", "Change the value and try again.", policy.Name);
}
