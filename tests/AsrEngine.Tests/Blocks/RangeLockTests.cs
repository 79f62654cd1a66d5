using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Xunit;

namespace Asr.Engine.Tests.Blocks;

public sealed class RangeLockTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    public async Task OverlappingRangesShareOnlyWhenBothAreShared(bool first, bool second, bool together)
    {
        RangeLock ranges = new();
        RangeLock.Holder holder = await ranges.AcquireAsync(0, 10, first, Stop);
        ValueTask<RangeLock.Holder> next = ranges.AcquireAsync(9, 10, second, Stop);
        Assert.Equal(together, next.IsCompleted);
        holder.Dispose();
        (await next).Dispose();
        Assert.Equal(0, ranges.Count);
    }

    [Fact]
    public async Task AdjacentRangesDoNotWait()
    {
        RangeLock ranges = new();
        using RangeLock.Holder first = await ranges.AcquireAsync(0, 10, true, Stop);
        ValueTask<RangeLock.Holder> next = ranges.AcquireAsync(10, 10, true, Stop);
        Assert.True(next.IsCompleted);
        (await next).Dispose();
    }

    [Fact]
    public async Task AWaitingWriterHoldsBackLaterReaders()
    {
        RangeLock ranges = new();
        RangeLock.Holder reader = await ranges.AcquireAsync(0, 10, false, Stop);
        ValueTask<RangeLock.Holder> writer = ranges.AcquireAsync(5, 10, true, Stop);
        ValueTask<RangeLock.Holder> lateReader = ranges.AcquireAsync(5, 2, false, Stop);
        Assert.False(lateReader.IsCompleted);
        reader.Dispose();
        RangeLock.Holder held = await writer;
        Assert.False(lateReader.IsCompleted);
        held.Dispose();
        (await lateReader).Dispose();
    }

    [Fact]
    public async Task ACancelledWaiterLetsThoseBehindItPass()
    {
        RangeLock ranges = new();
        using CancellationTokenSource cancel = new();
        RangeLock.Holder reader = await ranges.AcquireAsync(0, 10, false, Stop);
        Task<RangeLock.Holder> writer = ranges.AcquireAsync(0, 10, true, cancel.Token).AsTask();
        ValueTask<RangeLock.Holder> lateReader = ranges.AcquireAsync(0, 10, false, Stop);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writer);
        (await lateReader).Dispose();
        reader.Dispose();
        Assert.Equal(0, ranges.Count);
    }

    [Fact]
    public async Task ReleasingTwiceIsReported()
    {
        RangeLock ranges = new();
        RangeLock.Holder holder = await ranges.AcquireAsync(0, 1, true, Stop);
        holder.Dispose();
        Assert.Throws<InvalidOperationException>(holder.Dispose);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task RandomHoldersNeverConflictAndAllGetTheirTurn(int seed)
    {
        const int cells = 64;
        RangeLock ranges = new();
        int[] writers = new int[cells];
        int[] readers = new int[cells];
        int broken = 0;
        int done = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(
            async () =>
            {
                Random random = new(seed * 1000 + worker);
                for (int i = 0; i < 500; i++)
                {
                    int start = random.Next(cells);
                    int length = random.Next(1, Math.Min(8, cells - start) + 1);
                    bool exclusive = random.Next(2) == 0;
                    using RangeLock.Holder holder = await ranges.AcquireAsync(start, length, exclusive, Stop);
                    for (int cell = start; cell < start + length; cell++)
                    {
                        int others = exclusive ? Interlocked.Increment(ref writers[cell]) - 1 + Volatile.Read(ref readers[cell]) : Volatile.Read(ref writers[cell]);
                        if (!exclusive)
                        {
                            Interlocked.Increment(ref readers[cell]);
                        }

                        if (others != 0)
                        {
                            Interlocked.Increment(ref broken);
                        }
                    }

                    if (random.Next(4) == 0)
                    {
                        await Task.Yield();
                    }

                    for (int cell = start; cell < start + length; cell++)
                    {
                        Interlocked.Decrement(ref (exclusive ? writers : readers)[cell]);
                    }

                    Interlocked.Increment(ref done);
                }
            },
            Stop)));
        Assert.Equal((0, 16 * 500, 0), (broken, done, ranges.Count));
    }
}
