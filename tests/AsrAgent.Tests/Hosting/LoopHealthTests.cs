using System;
using System.Threading;
using Asr.Agent.Hosting;
using Asr.Contracts;
using Xunit;

namespace Asr.Agent.Tests.Hosting;

public sealed class LoopHealthTests
{
    private readonly StoppedClock _clock = new();

    [Fact]
    public void ALoopIsSilentOnceItsTimeIsOverAndNoLongerWhenItBeats()
    {
        LoopHealth health = new(_clock);
        LoopPulse quick = health.Watch("quick", TimeSpan.FromSeconds(10));
        health.Watch("slow", TimeSpan.FromSeconds(100));
        _clock.Advance(10);
        Assert.Null(health.FindSilent());
        _clock.Advance(1);
        Assert.Same(quick, health.FindSilent());
        quick.Beat();
        Assert.Null(health.FindSilent());
        _clock.Advance(90);
        quick.Beat();
        Assert.Equal("slow", health.FindSilent()?.Name);
    }

    [Theory]
    [InlineData(AgentMode.Replicate, true, false, null, "Replicate, 0 disk(s), in sync")]
    [InlineData(AgentMode.Replicate, false, true, null, "Replicate, 0 disk(s), resynchronising")]
    [InlineData(AgentMode.Idle, false, false, AsrErrorCode.DiskGone, "Idle, 0 disk(s), DiskGone")]
    public void TheStatusIsOneLine(AgentMode mode, bool inSync, bool resynchronizing, AsrErrorCode? error, string line) =>
        Assert.Equal(line, WatchdogLoop.Describe(new AgentReport
        {
            Mode = mode,
            InSync = inSync,
            Resynchronizing = resynchronizing,
            Error = error is { } code ? AsrError.From(new AsrException(code, "", "")) : null,
        }));

    /// <summary>A clock that a test moves.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(int seconds) => Interlocked.Add(ref _ticks, seconds * TimeSpan.TicksPerSecond);

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);
    }
}
