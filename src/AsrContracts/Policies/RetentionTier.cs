using System;
using System.Collections.Generic;

namespace Asr.Contracts;

/// <summary>One step of a policy's retention: how densely points are kept up to an age. Whole seconds.</summary>
public sealed record RetentionTier
{
    /// <summary>The most tiers a policy may have.</summary>
    public const int CountMax = 8;

    /// <summary>The greatest age a point may be kept for.</summary>
    public static readonly TimeSpan ForMax = TimeSpan.FromDays(15);

    /// <summary>One point is kept in every slot of this length; zero keeps every point. Slots are aligned to absolute time (UTC), not to a point.</summary>
    public TimeSpan Every { get; init; }

    /// <summary>The age up to which the tier reaches. It begins where the tier before it ends, the first one at zero.</summary>
    public TimeSpan For { get; init; }

    /// <summary>The simple form: every point, up to one age.</summary>
    public static IReadOnlyList<RetentionTier> EveryPoint(TimeSpan reach) => new[] { new RetentionTier { For = reach } };

    /// <summary>
    /// Azure Site Recovery's own thinning for a reach of so long: every point for two hours, then one an hour (up to a day), every two hours
    /// (up to a week), or every two hours to the seventh day and every four after it.
    /// </summary>
    public static IReadOnlyList<RetentionTier> Azure(TimeSpan reach)
    {
        TimeSpan dense = TimeSpan.FromHours(2);
        TimeSpan week = TimeSpan.FromDays(7);
        if (reach <= dense)
        {
            return EveryPoint(reach);
        }

        RetentionTier every = new() { For = dense };
        if (reach <= TimeSpan.FromDays(1))
        {
            return new[] { every, new RetentionTier { Every = TimeSpan.FromHours(1), For = reach } };
        }

        return reach <= week
            ? new[] { every, new RetentionTier { Every = TimeSpan.FromHours(2), For = reach } }
            : new[]
            {
                every,
                new RetentionTier { Every = TimeSpan.FromHours(2), For = week },
                new RetentionTier { Every = TimeSpan.FromHours(4), For = reach },
            };
    }
}

/// <summary>Tables of retention that come with the product.</summary>
public enum RetentionPreset
{
    /// <summary>Every point.</summary>
    EveryPoint = 0,

    /// <summary>The thinning of Azure Site Recovery: <see cref="RetentionTier.Azure"/>.</summary>
    Azure = 1,
}
