using System;
using System.Globalization;
using System.Linq;
using Asr.Contracts;

namespace Asr.Module;

/// <summary>Numbers and times as the views of AsrModule.Format.ps1xml show them. For people's eyes: scripts use the properties.</summary>
public static class Display
{
    private const double BytesPerUnit = 1024;
    private static readonly string[] s_units = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };

    /// <summary>Bytes with three digits or so and a binary unit.</summary>
    public static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (Math.Abs(value) >= BytesPerUnit && unit < s_units.Length - 1)
        {
            value /= BytesPerUnit;
            unit++;
        }

        string format = unit == 0 || Math.Abs(value) >= 100 ? "0" : "0.#";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {s_units[unit]}";
    }

    /// <summary>A length of time in its two largest units; empty for null.</summary>
    public static string Duration(double? seconds)
    {
        if (seconds is not { } value)
        {
            return "";
        }

        if (value < 60)
        {
            return value < 10 ? $"{value.ToString("0.0", CultureInfo.InvariantCulture)} s" : $"{value.ToString("0", CultureInfo.InvariantCulture)} s";
        }

        TimeSpan span = TimeSpan.FromSeconds(Math.Round(value));
        return span.TotalHours < 1 ? Pair(span.Minutes, "min", span.Seconds, "s")
            : span.TotalDays < 1 ? Pair(span.Hours, "h", span.Minutes, "min")
            : Pair((int)span.TotalDays, "d", span.Hours, "h");
    }

    /// <summary>A time in the reader's time zone; empty for null.</summary>
    public static string Time(DateTimeOffset? time) =>
        time is { } value ? value.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : "";

    /// <summary>A moment in UTC, exact and fit for -PointInTime.</summary>
    public static string Instant(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFZ", CultureInfo.InvariantCulture);

    /// <summary>What a policy keeps, tier by tier: <c>all to 2 h, 1 per 2 h to 7 d</c>.</summary>
    public static string Retention(AsrReplicationPolicy policy) => string.Join(
        ", ", policy.RetentionTiers.Select(tier => tier.Every == TimeSpan.Zero
            ? $"all to {Duration(tier.For.TotalSeconds)}"
            : $"1 per {Duration(tier.Every.TotalSeconds)} to {Duration(tier.For.TotalSeconds)}"));

    private static string Pair(int large, string largeUnit, int small, string smallUnit) =>
        small == 0 ? $"{large} {largeUnit}" : $"{large} {largeUnit} {small} {smallUnit}";
}
