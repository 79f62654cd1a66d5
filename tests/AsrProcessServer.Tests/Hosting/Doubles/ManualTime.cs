using System;
using System.Threading;

namespace Asr.ProcessServer.Tests.Hosting.Doubles;

/// <summary>The system's clock, moved forward by hand. Timers run by the real one.</summary>
internal sealed class ManualTime : TimeProvider
{
    private long _offsetTicks;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _offsetTicks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref _offsetTicks));

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => GetUtcNow().UtcTicks;
}
