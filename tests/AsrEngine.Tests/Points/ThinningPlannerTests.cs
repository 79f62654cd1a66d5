using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;
using Asr.Engine.Points;
using CsCheck;
using Xunit;

namespace Asr.Engine.Tests.Points;

public sealed class ThinningPlannerTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Tiers that the rules of a policy allow: ascending, each slot a multiple of the one before.</summary>
    private static readonly Gen<RetentionTier[]> GenTiers = Gen.Select(Gen.Int[0, 90], Gen.Int[1, 4].Array[1, 4], Gen.Int[1, 500].Array[4], (first, factors, lengths) =>
    {
        List<RetentionTier> tiers = [];
        int every = first;
        int reach = 0;
        for (int i = 0; i < factors.Length; i++)
        {
            every = i == 0 ? first : Math.Max(1, every) * (factors[i] + 1);
            reach += Math.Max(lengths[i], every);
            tiers.Add(new RetentionTier { Every = TimeSpan.FromMinutes(every), For = TimeSpan.FromMinutes(reach) });
        }

        return tiers.ToArray();
    });

    private static readonly Gen<PointFacts> GenPoint = Gen.Select(
        Gen.Int[0, 3_000], Gen.Int[0, 3], Gen.Int[0, 9], Gen.Int[-60, 2_000],
        (minute, app, pinned, immutable) => new PointFacts(
            Guid.NewGuid(),
            Start.AddMinutes(minute),
            Start.AddMinutes(minute),
            app == 0 ? RecoveryPointType.AppConsistent : RecoveryPointType.CrashConsistent,
            pinned == 0,
            immutable > 1_800 ? Start.AddMinutes(minute + immutable) : null));

    private static readonly Gen<PointFacts[]> GenPoints = GenPoint.Array[1, 200];

    [Fact]
    public void Thinning_again_removes_nothing()
    {
        Gen.Select(GenPoints, GenTiers, Gen.Int[3_000, 9_000]).Sample((points, tiers, minutes) =>
        {
            DateTimeOffset now = Start.AddMinutes(minutes);
            Assert.Empty(ThinningPlanner.Plan(Kept(points, tiers, now), tiers, [], now));
        });
    }

    [Fact]
    public void What_must_stay_stays()
    {
        Gen.Select(GenPoints, GenTiers, Gen.Int[3_000, 9_000], Gen.Int[0, 199].Array[0, 5]).Sample((points, tiers, minutes, used) =>
        {
            DateTimeOffset now = Start.AddMinutes(minutes);
            Guid[] inUse = [.. used.Select(index => points[index % points.Length].Id)];
            HashSet<Guid> removed = [.. ThinningPlanner.Plan(points, tiers, inUse, now).Select(removal => removal.PointId)];
            Assert.All(points.Where(point => removed.Contains(point.Id)), point =>
            {
                Assert.False(point.Pinned);
                Assert.False(point.ImmutableUntil > now);
                Assert.DoesNotContain(point.Id, inUse);
                Assert.True(point.Time < points.Max(other => other.Time) || points.Count(other => other.Time == point.Time) > 1);
            });
            Assert.True(removed.Count < points.Length);
        });
    }

    [Fact]
    public void Wherever_there_was_a_point_one_stays_within_the_spacing_of_its_tier()
    {
        Gen.Select(GenPoints, GenTiers, Gen.Int[3_000, 9_000]).Sample((points, tiers, minutes) =>
        {
            DateTimeOffset now = Start.AddMinutes(minutes);
            AssertCovered(points, Kept(points, tiers, now), tiers, now);
        });
    }

    [Fact]
    public void Thinning_as_points_come_leaves_no_gap_either()
    {
        Gen.Select(GenPoint.Array[1, 60], GenTiers, Gen.Int[1, 400]).Sample(
            (points, tiers, step) =>
            {
                // Points come one after another, as they do, and what is there is thinned in between.
                PointFacts[] all = [.. points.OrderBy(point => point.Time)];
                List<PointFacts> present = [];
                int next = 0;
                DateTimeOffset now = Start;
                while (next < all.Length)
                {
                    now = now.AddMinutes(step);
                    while (next < all.Length && all[next].PublishedAt <= now)
                    {
                        present.Add(all[next++]);
                    }

                    present = [.. Kept(present, tiers, now)];
                    AssertCovered([.. all.Take(next)], present, tiers, now);
                }
            },
            iter: 300);
    }

    [Fact]
    public void An_app_consistent_point_is_kept_before_the_oldest()
    {
        RetentionTier[] hourly = [new() { Every = TimeSpan.FromHours(1), For = TimeSpan.FromDays(1) }];
        PointFacts first = Crash(0), app = Crash(30) with { Type = RecoveryPointType.AppConsistent }, last = Crash(59), other = Crash(70), newest = Crash(200);

        IReadOnlyList<PointRemoval> removals = ThinningPlanner.Plan([newest, other, last, app, first], hourly, [], Start.AddHours(4));

        Assert.Equal([(last.Id, RemovalReason.Thinned), (first.Id, RemovalReason.Thinned)], removals.Select(removal => (removal.PointId, removal.Reason)));
    }

    [Fact]
    public void The_original_s_table_over_fifteen_days_of_points()
    {
        IReadOnlyList<RetentionTier> azure = RetentionTier.Azure(TimeSpan.FromDays(15));
        PointFacts[] points = [.. Enumerable.Range(0, 20 * 24 * 12).Select(i => Crash(5 * i))];
        DateTimeOffset now = points[^1].Time;

        PointFacts[] kept = Kept(points, azure, now);

        // Every point of two hours, and of the slot that is not wholly older yet; then one of every two hours, then of every four.
        Assert.InRange(kept.Length, 24 + 82 + 47, 48 + 84 + 49);
        Assert.True(kept.Min(point => point.Time) > now.AddDays(-15));
        Assert.Equal(24, kept.Count(point => now - point.Time < TimeSpan.FromHours(2)));
        Assert.Equal(2, kept.Count(point => point.Time >= now.AddDays(-3) && point.Time < now.AddDays(-3).AddHours(4)));
        Assert.Empty(Kept([], azure, now));
    }

    [Fact]
    public void A_clock_that_jumps_lets_nothing_go()
    {
        IReadOnlyList<RetentionTier> day = RetentionTier.EveryPoint(TimeSpan.FromDays(1));
        PointFacts[] points = [Crash(0), Crash(60), Crash(120)];

        // The appliance's is a year ahead, or the machine has been lost for a year: the newest point bears no witness that the others are old.
        Assert.Empty(ThinningPlanner.Plan(points, day, [], Start.AddYears(1)));

        // The source's is a year ahead from one point on: the others were published a moment ago.
        PointFacts ahead = Crash(180) with { Time = Start.AddYears(1) };
        Assert.Empty(ThinningPlanner.Plan([.. points, ahead], day, [], Start.AddMinutes(180)));

        // The source's has always been ten years behind: its points age like any others.
        PointFacts[] behind = [.. new[] { Crash(0), Crash(3_000) }.Select(point => point with { Time = point.Time.AddYears(-10) })];
        Assert.Equal([behind[0].Id], ThinningPlanner.Plan(behind, day, [], Start.AddMinutes(3_000)).Select(removal => removal.PointId));
    }

    [Fact]
    public void A_window_has_passed_only_when_both_clocks_say_so()
    {
        IReadOnlyList<RetentionTier> hour = RetentionTier.EveryPoint(TimeSpan.FromHours(1));
        PointFacts sealedPoint = Crash(0) with { ImmutableUntil = Start.AddHours(5) };
        PointFacts next = Crash(120);

        Assert.Empty(ThinningPlanner.Plan([sealedPoint, next], hour, [], Start.AddHours(2)));
        Assert.Empty(ThinningPlanner.Plan([sealedPoint, next], hour, [], Start.AddDays(30)));
        Assert.Equal([sealedPoint.Id, next.Id], ThinningPlanner.Plan([sealedPoint, next, Crash(300)], hour, [], Start.AddHours(5)).Select(removal => removal.PointId));
    }

    [Fact]
    public void Of_points_published_at_once_only_the_newest_must_stay()
    {
        PointFacts[] points = [.. new[] { Crash(0), Crash(60), Crash(120) }.Select(point => point with { PublishedAt = Start })];
        Assert.Equal(
            [points[0].Id, points[1].Id],
            ThinningPlanner.Plan(points, RetentionTier.EveryPoint(TimeSpan.FromHours(1)), [], Start.AddHours(3)).Select(removal => removal.PointId));
    }

    private static PointFacts Crash(int minute) =>
        new(Guid.NewGuid(), Start.AddMinutes(minute), Start.AddMinutes(minute), RecoveryPointType.CrashConsistent, Pinned: false, ImmutableUntil: null);

    private static PointFacts[] Kept(IReadOnlyList<PointFacts> points, IReadOnlyList<RetentionTier> tiers, DateTimeOffset now)
    {
        HashSet<Guid> removed = [.. ThinningPlanner.Plan(points, tiers, [], now).Select(removal => removal.PointId)];
        return [.. points.Where(point => !removed.Contains(point.Id))];
    }

    private static void AssertCovered(IReadOnlyList<PointFacts> before, IReadOnlyList<PointFacts> kept, IReadOnlyList<RetentionTier> tiers, DateTimeOffset now)
    {
        if (before.Count == 0)
        {
            return;
        }

        HashSet<Guid> ids = [.. kept.Select(point => point.Id)];
        DateTimeOffset newest = before.Max(point => point.Time);
        foreach (PointFacts point in before.Where(point => !ids.Contains(point.Id)))
        {
            TimeSpan age = newest - point.Time < now - point.PublishedAt ? newest - point.Time : now - point.PublishedAt;

            // In the last slot before the end, what stayed may have grown too old since while what went would not have yet.
            if (age >= tiers[^1].For - tiers[^1].Every)
            {
                continue;
            }

            TimeSpan spacing = tiers.First(tier => age < tier.For).Every;
            Assert.True(
                kept.Any(other => (other.Time - point.Time).Duration() < spacing),
                $"Nothing is left within {spacing} of {point.Time:u}, which is {age} old.");
        }
    }
}
