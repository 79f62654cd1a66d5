using System;
using System.Collections.Generic;

namespace Asr.Oracle.Tests.Checking;

/// <summary>A closed span of ticks.</summary>
internal readonly record struct TimeWindow(long From, long To)
{
    public static readonly TimeWindow Always = new(long.MinValue, long.MaxValue);
}

/// <summary>A set of instants as disjoint windows in order: where the cut of a recovery point can lie.</summary>
internal static class TimeWindows
{
    /// <summary>Instants that are in both sets.</summary>
    public static List<TimeWindow> Intersect(List<TimeWindow> a, List<TimeWindow> b)
    {
        List<TimeWindow> both = [];
        int i = 0, j = 0;
        while (i < a.Count && j < b.Count)
        {
            long from = Math.Max(a[i].From, b[j].From);
            long to = Math.Min(a[i].To, b[j].To);
            if (from <= to)
            {
                both.Add(new TimeWindow(from, to));
            }

            if (a[i].To < b[j].To)
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        return both;
    }

    /// <summary>Joins windows that touch or overlap.</summary>
    public static List<TimeWindow> Union(List<TimeWindow> windows)
    {
        windows.Sort((x, y) => x.From.CompareTo(y.From));
        List<TimeWindow> joined = [];
        foreach (TimeWindow window in windows)
        {
            if (joined.Count > 0 && window.From <= joined[^1].To)
            {
                joined[^1] = new TimeWindow(joined[^1].From, Math.Max(joined[^1].To, window.To));
            }
            else
            {
                joined.Add(window);
            }
        }

        return joined;
    }
}
