using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Asr.Contracts;

namespace Asr.Engine.Points;

/// <summary>
/// Notices what encryption by ransomware does to a stream of changes: more content that looks like random bytes than the machine is known to write. Pure: what is known
/// of the machine goes in and comes out. docs/decisions/0004-ransomware-signal.md says where the numbers come from and what is not noticed.
/// </summary>
public static class ChangeWatch
{
    /// <summary>Nothing is judged before so many intervals were seen.</summary>
    public const int LearnedCount = 8;

    /// <summary>An incident ends after so long without an unusual interval.</summary>
    public static readonly TimeSpan CalmAfter = TimeSpan.FromHours(1);

    // One level notices encryption at the speed of the disk within an interval or two, the other one that hides by being slow.
    private static readonly Memory[] Memories =
    [
        new(TimeSpan.FromMinutes(10), TimeSpan.FromHours(3), FloorBytes: 512L << 20, DiskShare: 32),
        new(TimeSpan.FromHours(6), TimeSpan.FromHours(36), FloorBytes: 2L << 30, DiskShare: 8),
    ];

    // Eight days, so that what comes once a week is known when it comes again.
    private const int PeaksMax = 8 * 24;
    private const long FloorBytesMin = 16 << 20;
    private const double FirstDayFactor = 4;
    private const double UsualFactor = 4;
    private const double PeakFactor = 2;
    private const double PeakQuantile = 0.75;
    private const double CalmShare = 1.0 / 64;

    // Text and programs have a picture or a packed piece in them here and there. In a large import that must not add up.
    private const double StrayShare = 1.0 / 16;

    /// <summary>Judges the interval that ends with a point.</summary>
    /// <param name="state">What is known of the machine.</param>
    /// <param name="figures">What the interval changed.</param>
    /// <param name="until">Time of the point.</param>
    /// <param name="diskBytes">Size of the machine's disks together: what is much on a small one is little on a large one.</param>
    public static ChangeVerdict Judge(ChangeWatchState state, IntervalFigures figures, DateTimeOffset until, long diskBytes)
    {
        TimeSpan step = TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerSecond, (until - figures.Since).Ticks));
        TimeSpan watched = state.Watched + step;
        long hour = until.UtcTicks / TimeSpan.TicksPerHour;
        double opaque = Math.Max(0, figures.OpaqueBytes - (figures.ContentBytes * StrayShare));
        ChangeLevel[] levels = new ChangeLevel[Memories.Length];
        bool isHigh = false;
        bool isCalm = true;
        for (int i = 0; i < levels.Length; i++)
        {
            Memory memory = Memories[i];
            ChangeLevel before = i < state.Levels.Count ? state.Levels[i] : new ChangeLevel(0, 0);
            double level = (before.Bytes * Math.Exp(-(step / memory.Span))) + opaque;
            double floor = Math.Max(FloorBytesMin, Math.Min(memory.FloorBytes, diskBytes / memory.DiskShare));
            double bound = Math.Max(
                Math.Max(watched < TimeSpan.FromDays(1) ? floor * FirstDayFactor : floor, UsualFactor * before.UsualBytes),
                PeakFactor * Math.Max(QuantileOfPeaks(state.Peaks, hour, i), PeakAtThisTimeOfDay(state.Peaks, hour, i)));
            isHigh |= level > bound;
            isCalm &= i > 0 || level <= Math.Max(floor * CalmShare, 2 * before.UsualBytes);
            levels[i] = new ChangeLevel(level, before.UsualBytes + ((level - before.UsualBytes) * WeightOf(step, watched, memory.UsualSpan)));
        }

        // High because of what came hours ago is not unusual any more.
        bool isUnusual = state.Observed >= LearnedCount && isHigh && !isCalm;
        ChangeWatchState next = new()
        {
            Observed = Math.Min(state.Observed + 1, LearnedCount),
            Watched = watched,
            JudgedUntil = until,
            CalmUntil = isCalm ? until : state.CalmUntil ?? figures.Since,
            Levels = levels,
            Peaks = WithPeak(state.Peaks, hour, levels),
        };
        return Follow(state.Incident, next, isUnusual, () => new ChangeIncident
        {
            RaisedAt = until,
            SuspectSince = next.CalmUntil.Value,
            Figures = Describe(figures, until, levels, state),
        });
    }

    private static ChangeVerdict Follow(ChangeIncident? before, ChangeWatchState next, bool isUnusual, Func<ChangeIncident> begin)
    {
        DateTimeOffset until = next.JudgedUntil;
        ChangeIncident? now = isUnusual ? (before ?? begin()) with { LastSeen = until }
            : before is not null && until - before.LastSeen < CalmAfter ? before
            : null;
        return new ChangeVerdict(next with { Incident = now }, HasBegun: before is null && now is not null);
    }

    // The mean of all that was seen at first, later one in which an interval counts less the longer ago it was.
    private static double WeightOf(TimeSpan step, TimeSpan watched, TimeSpan span) => (1 - Math.Exp(-(step / span))) / (1 - Math.Exp(-(watched / span)));

    // What the machine writes in its busiest hours, the busiest quarter left out: those are jobs, which come at their time of day.
    // The last hours are left out too, or encryption that goes on would be its own excuse.
    private static double QuantileOfPeaks(IReadOnlyList<HourPeak> peaks, long hour, int level)
    {
        double[] sorted = [.. peaks.Where(peak => hour - peak.Hour > (level == 0 ? 1 : 11)).Select(peak => peak.Levels[level]).Order()];
        return sorted.Length == 0 ? 0 : sorted[(int)(sorted.Length * PeakQuantile)];
    }

    // A nightly backup looks like encryption, the first time.
    private static double PeakAtThisTimeOfDay(IReadOnlyList<HourPeak> peaks, long hour, int level) => peaks
        .Where(peak => hour - peak.Hour >= 12 && Math.Abs(((hour - peak.Hour + 12) % 24) - 12) <= 1)
        .Select(peak => peak.Levels[level])
        .DefaultIfEmpty()
        .Max();

    private static HourPeak[] WithPeak(IReadOnlyList<HourPeak> peaks, long hour, ChangeLevel[] levels)
    {
        double[] now = [.. levels.Select(level => Math.Round(level.Bytes))];
        return peaks.Count > 0 && peaks[^1].Hour == hour
            ? [.. peaks.SkipLast(1), new HourPeak(hour, [.. now.Zip(peaks[^1].Levels, Math.Max)])]
            : [.. peaks.TakeLast(PeaksMax - 1), new HourPeak(hour, now)];
    }

    private static string Describe(IntervalFigures figures, DateTimeOffset until, ChangeLevel[] levels, ChangeWatchState state)
    {
        double usual = state.Levels.Count == 0 ? 0 : state.Levels[0].UsualBytes;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"In the {(until - figures.Since).TotalSeconds:0} seconds up to {until:u} {Mebibytes(figures.ChangedBytes)} MiB changed, {Mebibytes(figures.OpaqueBytes)} MiB of them to what looks like random bytes: "
            + $"compressed, the content takes {100.0 * figures.StoredBytes / Math.Max(1, figures.ContentBytes):0} % of its size, and it has {figures.EntropyBits ?? 0:0.0} bits of entropy per byte (encrypted or packed: 7.8). "
            + $"Of such content there were {Mebibytes(levels[0].Bytes)} MiB in about ten minutes (usually {Mebibytes(usual)}), {Mebibytes(levels[1].Bytes)} MiB in about six hours.");
    }

    private static string Mebibytes(double bytes) => (bytes / (1 << 20)).ToString("0", CultureInfo.InvariantCulture);

    /// <summary>How a level forgets.</summary>
    /// <param name="Span">Bytes of so long ago count for a third.</param>
    /// <param name="UsualSpan">The same of the mean that the level is held against.</param>
    /// <param name="FloorBytes">Less is never unusual.</param>
    /// <param name="DiskShare">Nor is less than this part of the disks, where that is less than the floor.</param>
    private readonly record struct Memory(TimeSpan Span, TimeSpan UsualSpan, long FloorBytes, int DiskShare);
}

/// <summary>What was judged.</summary>
/// <param name="State">What is known from now on; <see cref="ChangeWatchState.Incident"/> says whether something is going on.</param>
/// <param name="HasBegun">True for the one point that begins an incident.</param>
public sealed record ChangeVerdict(ChangeWatchState State, bool HasBegun);
