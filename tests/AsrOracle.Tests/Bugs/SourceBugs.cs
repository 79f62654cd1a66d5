using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;

namespace Asr.Oracle.Tests.Bugs;

/// <summary>Passes everything on.</summary>
internal class BlockDeviceDecorator(IBlockDevice inner) : IBlockDevice
{
    protected IBlockDevice Inner => inner;

    public long Length => inner.Length;

    public bool IsReadOnly => inner.IsReadOnly;

    public virtual ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        inner.ReadAsync(offset, buffer, cancellationToken);

    public virtual ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
        inner.WriteAsync(offset, buffer, cancellationToken);

    public virtual ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken) =>
        inner.ZeroAsync(offset, length, punchHole, cancellationToken);

    public virtual ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public virtual ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken) =>
        inner.GetExtentsAsync(offset, length, cancellationToken);

    public virtual ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>Catch-up reads what the disk held a while ago, as a read that took no range lock or went through a stale cache would.</summary>
internal sealed class CatchesUpFromAStaleCache : PlantedBug
{
    public override IBlockDevice Source(IBlockDevice source) => new Device(source);

    private sealed class Device(IBlockDevice inner) : BlockDeviceDecorator(inner)
    {
        private readonly byte[] _stale = new byte[inner.Length];
        private int _reads;

        public override async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            await Inner.ReadAsync(offset, buffer, cancellationToken);
            if (buffer.Length < 4096)
            {
                return;
            }

            Memory<byte> fresh = buffer.ToArray();
            if (Interlocked.Increment(ref _reads) % 2 == 0)
            {
                _stale.AsMemory((int)offset, buffer.Length).CopyTo(buffer);
            }

            fresh.CopyTo(_stale.AsMemory((int)offset));
        }
    }
}

/// <summary>Says that allocated ranges are holes, so that catch-up leaves them out.</summary>
internal sealed class TakesDataForHoles : PlantedBug
{
    public override IBlockDevice Source(IBlockDevice source) => new Device(source);

    private sealed class Device(IBlockDevice inner) : BlockDeviceDecorator(inner)
    {
        public override ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken) =>
            new([new BlockExtent(offset, length, ExtentKind.Hole)]);
    }
}

/// <summary>The agent's clock runs ahead.</summary>
internal sealed class ClockRunsAhead : PlantedBug
{
    public override TimeProvider AgentClock(TimeProvider clock) => new Ahead(clock);

    private sealed class Ahead(TimeProvider inner) : TimeProvider
    {
        public override long TimestampFrequency => inner.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow().AddSeconds(5);

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            inner.CreateTimer(callback, state, dueTime, period);
    }
}
