using System;
using Asr.Contracts;

namespace Asr.Engine.Shipping;

/// <summary>When points are due: at whole multiples of the frequency since the epoch, so that restarts do not shift them.</summary>
public static class PointSchedule
{
    /// <summary>The first due time after <paramref name="now"/>; null without a frequency.</summary>
    public static DateTimeOffset? Next(DateTimeOffset now, int frequencySeconds)
    {
        if (frequencySeconds <= 0)
        {
            return null;
        }

        long period = TimeSpan.TicksPerSecond * frequencySeconds;
        return new DateTimeOffset(((now.UtcTicks / period) + 1) * period, TimeSpan.Zero);
    }

    /// <summary>The first time after <paramref name="now"/> at which a point of either kind is due. One that is due as both is app-consistent.</summary>
    public static (DateTimeOffset? Due, RecoveryPointType Type) Next(DateTimeOffset now, int crashFrequencySeconds, int appFrequencyHours)
    {
        DateTimeOffset? crash = Next(now, crashFrequencySeconds);
        DateTimeOffset? app = Next(now, appFrequencyHours * 3600);
        return app is not null && (crash is null || app <= crash) ? (app, RecoveryPointType.AppConsistent) : (crash, RecoveryPointType.CrashConsistent);
    }
}
