using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Pacing;
using Xunit;

namespace Asr.Engine.Tests.Pacing;

public sealed class BandwidthBudgetTests
{
    private const int MiB = 1 << 20;

    private readonly VirtualTime _time = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_spent_takes_as_long_as_the_limit_says()
    {
        BandwidthBudget budget = new(4 * MiB, _time);
        for (int i = 0; i < 40; i++)
        {
            await budget.SpendAsync(MiB, Stop);
        }

        Assert.Equal(10, _time.Now.TotalSeconds, 0.02);
    }

    [Fact]
    public async Task A_pause_is_not_followed_by_a_flood()
    {
        BandwidthBudget budget = new(4 * MiB, _time);
        _time.Advance(TimeSpan.FromHours(1));
        await budget.SpendAsync(MiB, Stop);
        Assert.Equal(TimeSpan.FromHours(1), _time.Now);
        await budget.SpendAsync(4 * MiB, Stop);
        Assert.Equal(3601, _time.Now.TotalSeconds, 0.02);
    }

    [Fact]
    public async Task Who_waits_follows_a_change_of_the_limit()
    {
        BandwidthBudget budget = new(MiB, _time);
        _time.Waiting = _ =>
        {
            if (_time.Now >= TimeSpan.FromSeconds(10))
            {
                budget.BytesPerSecond = null;
            }
        };

        await budget.SpendAsync(1000L * MiB, Stop);
        Assert.Equal(10, _time.Now.TotalSeconds, 1.0);

        // What was spent without a limit is not owed once there is one.
        _time.Waiting = null;
        budget.BytesPerSecond = 2 * MiB;
        await budget.SpendAsync(2 * MiB, Stop);
        Assert.Equal(11, _time.Now.TotalSeconds, 1.0);
    }

    [Fact]
    public async Task Without_a_limit_nobody_waits()
    {
        BandwidthBudget budget = new(null, _time);
        await budget.SpendAsync(long.MaxValue / 4, Stop);
        Assert.Equal(TimeSpan.Zero, _time.Now);
    }
}
