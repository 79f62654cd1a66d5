using System;
using Asr.Engine.Shipping;
using Xunit;

namespace Asr.Engine.Tests.Shipping;

public sealed class CatchUpPaceTests
{
    private const int Window = CatchUpPace.WindowRegionsMin;

    private readonly SteppedTime _time = new();
    private readonly CatchUpPace _pace;

    public CatchUpPaceTests()
    {
        _pace = new CatchUpPace(_time);
        _pace.Begin(passedBy: 1000);
    }

    [Fact]
    public void It_goes_on_while_it_is_the_faster_one()
    {
        for (int i = 1; i < 10; i++)
        {
            _time.Step(TimeSpan.FromMilliseconds(20));
            Assert.False(_pace.IsOutrun(Window, 1000 + (i * Window)));
        }
    }

    [Fact]
    public void It_rests_three_times_as_long_as_it_worked_when_it_is_outrun()
    {
        _time.Step(TimeSpan.FromMilliseconds(15));
        Assert.False(_pace.IsOutrun(Window / 2, 5000));
        _time.Step(TimeSpan.FromMilliseconds(5));
        Assert.True(_pace.IsOutrun(Window / 2, 5000));
        _time.Step(TimeSpan.FromMilliseconds(10));
        Assert.Equal(TimeSpan.FromMilliseconds(90), _pace.Rest());
    }

    [Fact]
    public void What_is_written_during_a_rest_does_not_count()
    {
        Assert.True(_pace.IsOutrun(Window, 5000));
        _pace.Begin(passedBy: 20_000);
        Assert.False(_pace.IsOutrun(Window, 20_000 + Window));
    }

    [Fact]
    public void A_rest_has_an_end()
    {
        _time.Step(TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.FromSeconds(1), _pace.Rest());
    }

    private sealed class SteppedTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Step(TimeSpan time) => _ticks += time.Ticks;
    }
}
