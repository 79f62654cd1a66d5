using System;
using System.Threading;

namespace Asr.Engine.Tests.Pacing;

/// <summary>A clock that stands still until someone waits, and then is at the end of the wait at once. For one caller at a time.</summary>
internal sealed class VirtualTime : TimeProvider
{
    public TimeSpan Now { get; private set; }

    /// <summary>Called with each wait.</summary>
    public Action<TimeSpan>? Waiting { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Now;

    public override long GetTimestamp() => Now.Ticks;

    public void Advance(TimeSpan by) => Now += by;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Now += dueTime;
        Waiting?.Invoke(dueTime);
        return base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
