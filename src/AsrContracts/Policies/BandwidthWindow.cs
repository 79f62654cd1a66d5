using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json.Serialization;

namespace Asr.Contracts;

/// <summary>
/// A part of the week and the bandwidth that replication may use in it. As text: days, times and a rate, of which days and times may be left out: <c>Mon-Fri 08:00-18:00 20MB/s</c>, <c>Sat,Sun 512KB/s</c>,
/// <c>22:00-06:00 1GB/s</c>. A window that passes midnight belongs to the day on which it begins. KB, MB and GB are 1,024 to the power of one, two and three, as everywhere in PowerShell.
/// </summary>
public sealed record BandwidthWindow
{
    /// <summary>Windows in one policy at most.</summary>
    public const int CountMax = 16;

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly string[] DayNames = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    private static readonly string[] Units = { "B", "KB", "MB", "GB" };

    /// <summary>The days on which it begins; empty for every day.</summary>
    public IReadOnlyList<DayOfWeek> Days { get; init; } = Array.Empty<DayOfWeek>();

    /// <summary>Time of the day at which it begins.</summary>
    public TimeSpan From { get; init; }

    /// <summary>Time of the day at which it ends; at or before <see cref="From"/> for one of the next day.</summary>
    public TimeSpan To { get; init; }

    /// <summary>Bytes a second.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>What is wrong with it, as the end of a sentence; null when nothing is.</summary>
    [JsonIgnore]
    public string? Fault =>
        Days is null || Days.Any(static day => day is < DayOfWeek.Sunday or > DayOfWeek.Saturday) || Days.Distinct().Count() != Days.Count ? "has an unknown day, or one twice"
        : From < TimeSpan.Zero || From >= Day || To < TimeSpan.Zero || To >= Day ? "has a time that is not from 00:00 to 23:59"
        : BytesPerSecond < ReplicationLimits.BytesPerSecondMin ? $"allows {BytesPerSecond} bytes a second; the least is {ReplicationLimits.BytesPerSecondMin}"
        : null;

    /// <summary>Reads a window from text.</summary>
    /// <exception cref="FormatException">The text is none; the message says why and shows one that is.</exception>
    public static BandwidthWindow Parse(string text)
    {
        string[] parts = (text ?? "").Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries);
        int next = 0;
        BandwidthWindow window = new();
        if (next < parts.Length - 1 && char.IsLetter(parts[next][0]))
        {
            window = window with { Days = ParseDays(parts[next++], text!) };
        }

        if (next < parts.Length - 1)
        {
            (TimeSpan from, TimeSpan to) = ParseTimes(parts[next++], text!);
            window = window with { From = from, To = to };
        }

        return next == parts.Length - 1 && ParseRate(parts[next]) is { } rate ? window with { BytesPerSecond = rate } : throw Malformed(text, "the last word must be a rate");
    }

    /// <summary>What may be used at a time, in bytes a second; null for no limit.</summary>
    /// <param name="windows">The windows; the first that the time lies in counts.</param>
    /// <param name="local">The time, in the time zone that the windows mean.</param>
    public static long? LimitAt(IReadOnlyList<BandwidthWindow> windows, DateTimeOffset local) =>
        windows.FirstOrDefault(window => window.Contains(local))?.BytesPerSecond;

    /// <summary>Whether a time lies in it.</summary>
    public bool Contains(DateTimeOffset local)
    {
        TimeSpan time = local.TimeOfDay;
        return To > From
            ? time >= From && time < To && IsOn(local.DayOfWeek)
            : (time >= From && IsOn(local.DayOfWeek)) || (time < To && IsOn((DayOfWeek)(((int)local.DayOfWeek + 6) % 7)));
    }

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    public override string ToString()
    {
        int unit = 0;
        long rate = BytesPerSecond;
        for (; unit < Units.Length - 1 && rate >= 1024 && rate % 1024 == 0; unit++)
        {
            rate /= 1024;
        }

        string days = Days.Count == 0 ? "" : string.Join(",", Days.Select(static day => DayNames[(int)day])) + " ";
        string times = From == To && From == TimeSpan.Zero ? "" : $"{From:hh\\:mm}-{To:hh\\:mm} ";
        return days + times + rate.ToString(CultureInfo.InvariantCulture) + Units[unit] + "/s";
    }

    /// <summary>Two windows are equal when they say the same.</summary>
    public bool Equals(BandwidthWindow? other) =>
        other is not null && From == other.From && To == other.To && BytesPerSecond == other.BytesPerSecond && Days.SequenceEqual(other.Days);

    /// <inheritdoc/>
    public override int GetHashCode() => (From, To, BytesPerSecond, Days.Count).GetHashCode();

    private bool IsOn(DayOfWeek day) => Days.Count == 0 || Days.Contains(day);

    private static DayOfWeek[] ParseDays(string word, string text)
    {
        List<DayOfWeek> days = new();
        foreach (string part in word.Split(','))
        {
            string[] ends = part.Split('-');
            int first = DayOf(ends[0], text);
            int last = DayOf(ends[ends.Length - 1], text);
            for (int day = first; ends.Length <= 2; day = (day + 1) % 7)
            {
                days.Add((DayOfWeek)day);
                if (day == last)
                {
                    break;
                }
            }

            if (ends.Length > 2)
            {
                throw Malformed(text, $"'{part}' is no range of days");
            }
        }

        return days.Distinct().ToArray();
    }

    private static int DayOf(string name, string text)
    {
        int day = Array.FindIndex(DayNames, known => name.Equals(known, StringComparison.OrdinalIgnoreCase));
        day = day >= 0 ? day : Array.FindIndex(Enum.GetNames(typeof(DayOfWeek)), known => name.Equals(known, StringComparison.OrdinalIgnoreCase));
        return day >= 0 ? day : throw Malformed(text, $"'{name}' is no day");
    }

    private static (TimeSpan From, TimeSpan To) ParseTimes(string word, string text)
    {
        string[] ends = word.Split('-');
        return ends.Length == 2 && TimeOf(ends[0]) is { } from && TimeOf(ends[1]) is { } to && from < Day
            ? (from, to == Day ? TimeSpan.Zero : to)
            : throw Malformed(text, $"'{word}' is no time of day such as 08:00-18:00");
    }

    private static TimeSpan? TimeOf(string word)
    {
        string[] parts = word.Split(':');
        return parts.Length == 2 && Number(parts[0]) is <= 24 and var hour && Number(parts[1]) is <= 59 and var minute && (hour < 24 || minute == 0)
            ? new TimeSpan((int)hour, (int)minute, 0)
            : null;
    }

    private static long? ParseRate(string word)
    {
        int digits = word.TakeWhile(char.IsDigit).Count();
        int unit = word.EndsWith("/s", StringComparison.OrdinalIgnoreCase)
            ? Array.FindIndex(Units, known => known.Equals(word.Substring(digits, word.Length - 2 - digits), StringComparison.OrdinalIgnoreCase))
            : -1;
        return unit < 0 || Number(word.Substring(0, digits)) is not { } number || number > long.MaxValue >> (10 * unit) ? null : number << (10 * unit);
    }

    private static long? Number(string digits) => long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static FormatException Malformed(string? text, string why) =>
        new($"'{text}' is no bandwidth window: {why}. Write one like 'Mon-Fri 08:00-18:00 20MB/s'; days and times may be left out.");
}
