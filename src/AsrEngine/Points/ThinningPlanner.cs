using System;
using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.Engine.Points;

/// <summary>
/// Decides which recovery points retention lets go. Pure: the same points, tiers and time give the same answer.
/// <para>
/// In each slot of a tier one point stays: an app-consistent one before a crash-consistent one, one of several machines before one of this alone, then the oldest. Slots lie at multiples of their
/// length in absolute time, a longer slot is a whole number of shorter ones, and a slot comes under a tier as a whole, when its end has grown older than the
/// tier before reaches. So what stays in a slot is the first of a fixed order among all that ever were in it: thinning every minute keeps the same points
/// as thinning once, and what was chosen stays chosen until its slot is joined with others.
/// </para>
/// <para>
/// Two clocks are at work, and either may be wrong: the source's gives points their times, the appliance's notes their publication. A point is as
/// old as the younger of the two says, each measured against itself: from the point to the newest one, and from its publication to now. A clock that jumps
/// ahead, or has always been off, lets nothing go; and while no new point comes, because the machine is paused or lost, no point ages.
/// </para>
/// </summary>
public static class ThinningPlanner
{
    /// <summary>The points to remove and why, in the order of <paramref name="points"/>. Never the newest, a pinned, immutable or used one.</summary>
    /// <param name="points">All points of a machine, in any order.</param>
    /// <param name="tiers">Checked tiers of the policy.</param>
    /// <param name="inUse">Points that copies of the machine are made from.</param>
    /// <param name="now">The appliance's clock.</param>
    public static IReadOnlyList<PointRemoval> Plan(
        IReadOnlyList<PointFacts> points, IReadOnlyList<RetentionTier> tiers, IReadOnlyCollection<Guid> inUse, DateTimeOffset now)
    {
        if (points.Count == 0)
        {
            return [];
        }

        PointFacts newest = points[0];
        PointFacts lastPublished = points[0];
        foreach (PointFacts point in points)
        {
            newest = point.Time > newest.Time ? point : newest;
            lastPublished = (point.PublishedAt, point.Time).CompareTo((lastPublished.PublishedAt, lastPublished.Time)) > 0 ? point : lastPublished;
        }

        Slot?[] slots = new Slot?[points.Count];
        Dictionary<Slot, PointFacts> chosen = [];
        for (int i = 0; i < points.Count; i++)
        {
            if (FindSlot(points[i], tiers, Age(points[i], newest.Time, now)) is { } slot)
            {
                slots[i] = slot;
                if (!chosen.TryGetValue(slot, out PointFacts best) || ComesBefore(points[i], best))
                {
                    chosen[slot] = points[i];
                }
            }
        }

        HashSet<Guid> kept = [.. inUse, newest.Id, lastPublished.Id];
        List<PointRemoval> removals = [];
        for (int i = 0; i < points.Count; i++)
        {
            PointFacts point = points[i];
            RemovalReason? reason = Age(point, newest.Time, now) >= tiers[^1].For ? RemovalReason.Expired
                : slots[i] is { } slot && chosen[slot].Id != point.Id ? RemovalReason.Thinned
                : null;
            if (reason is { } why && !point.Pinned && !kept.Contains(point.Id) && !IsImmutable(point, newest.Time, now))
            {
                removals.Add(new PointRemoval(point.Id, why));
            }
        }

        return removals;
    }

    /// <summary>As old as both clocks agree that it is.</summary>
    private static TimeSpan Age(PointFacts point, DateTimeOffset newestTime, DateTimeOffset now)
    {
        TimeSpan bySource = newestTime - point.Time;
        TimeSpan byAppliance = now - point.PublishedAt;
        return bySource < byAppliance ? bySource : byAppliance;
    }

    /// <summary>The window has passed only when both clocks agree that it has.</summary>
    private static bool IsImmutable(PointFacts point, DateTimeOffset newestTime, DateTimeOffset now) =>
        point.ImmutableUntil is { } until && Age(point, newestTime, now) < until - point.PublishedAt;

    /// <summary>The slot that the point shares with others; null where every point stays, and beyond the last tier.</summary>
    private static Slot? FindSlot(PointFacts point, IReadOnlyList<RetentionTier> tiers, TimeSpan age)
    {
        if (age >= tiers[^1].For)
        {
            return null;
        }

        for (int tier = tiers.Count - 1; tier >= 0; tier--)
        {
            long slotTicks = tiers[tier].Every.Ticks;
            if (slotTicks == 0)
            {
                return null;
            }

            long begin = point.Time.UtcTicks / slotTicks * slotTicks;
            TimeSpan ageOfEnd = age - TimeSpan.FromTicks(begin + slotTicks - point.Time.UtcTicks);
            if (ageOfEnd >= (tier == 0 ? TimeSpan.Zero : tiers[tier - 1].For))
            {
                return new Slot(tier, begin);
            }
        }

        return null;
    }

    private static bool ComesBefore(PointFacts point, PointFacts other)
    {
        bool isApp = point.Type == RecoveryPointType.AppConsistent;
        if (isApp != (other.Type == RecoveryPointType.AppConsistent))
        {
            return isApp;
        }

        if (point.IsShared != other.IsShared)
        {
            return point.IsShared;
        }

        int byTime = point.Time.CompareTo(other.Time);
        return byTime != 0 ? byTime < 0 : point.Id.CompareTo(other.Id) < 0;
    }

    private readonly record struct Slot(int Tier, long BeginTicks);
}

/// <summary>A point that goes.</summary>
/// <param name="PointId">The point.</param>
/// <param name="Reason">Why.</param>
public readonly record struct PointRemoval(Guid PointId, RemovalReason Reason);

/// <summary>Why retention removes a point.</summary>
public enum RemovalReason
{
    /// <summary>It is older than the last tier.</summary>
    Expired,

    /// <summary>Another point stays in its slot.</summary>
    Thinned,
}
