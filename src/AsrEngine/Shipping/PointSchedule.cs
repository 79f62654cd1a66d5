using System;

namespace Asr.Engine.Shipping;

/// <summary>When points are due: at whole multiples of the frequency since the epoch, so that restarts do not shift them.</summary>
internal static class PointSchedule
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
}
