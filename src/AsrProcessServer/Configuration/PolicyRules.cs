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
    private const int RetentionSecondsMax = 15 * DaySeconds;
    private const int FrequencySecondsMax = 12 * HourSeconds;

    /// <summary>Throws <see cref="AsrErrorCode.InvalidArgument"/> naming the first bound that is broken.</summary>
    public static void Check(AsrReplicationPolicy policy)
    {
        CheckName(policy.Name);
        if (policy.Name.EndsWith(FailbackSuffix, StringComparison.OrdinalIgnoreCase))
        {
            throw Invalid(policy, "Name", $"must not end with '{FailbackSuffix}'; such policies are made by the system");
        }

        InRange(policy, nameof(policy.RpoThresholdSeconds), policy.RpoThresholdSeconds, 1, RpoThresholdSecondsMax);
        InRange(policy, nameof(policy.RecoveryPointRetentionSeconds), policy.RecoveryPointRetentionSeconds, 1, RetentionSecondsMax);
        InRange(policy, nameof(policy.CrashConsistentFrequencySeconds), policy.CrashConsistentFrequencySeconds, 1, FrequencySecondsMax);
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
