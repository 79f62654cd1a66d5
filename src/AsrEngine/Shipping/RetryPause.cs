using System;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Shipping;

/// <summary>Pauses between attempts, doubling from the first to the longest, each shortened at random so that disks do not retry in step.</summary>
internal sealed class RetryPause(ShippingOptions options, TimeProvider time)
{
    private TimeSpan _next = options.RetryDelay;

    public Task WaitAsync(CancellationToken cancellationToken)
    {
        TimeSpan pause = _next * (0.5 + (Random.Shared.NextDouble() / 2));
        _next = TimeSpan.FromTicks(Math.Min(_next.Ticks * 2, options.RetryDelayMax.Ticks));
        return Task.Delay(pause, time, cancellationToken);
    }

    public void Reset() => _next = options.RetryDelay;
}
