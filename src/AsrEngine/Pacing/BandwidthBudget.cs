using System;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Pacing;

/// <summary>
/// Keeps work below so many bytes a second. What was not used is saved for a moment and no longer, so that a pause is not followed by a flood. The limit may change at any
/// time: who waits follows it within a second. Thread-safe; several who share one share its limit, first come, first served.
/// </summary>
internal sealed class BandwidthBudget(long? bytesPerSecond, TimeProvider time)
{
    private static readonly TimeSpan SavedMax = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    // A timer is no more exact than this.
    private static readonly TimeSpan WaitMin = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private long? _bytesPerSecond = bytesPerSecond;
    private long _grantedAt = time.GetTimestamp();

    // Both only grow. Whoever spends may go on once what is granted has reached what was spent by then.
    private double _spent;
    private double _granted;

    /// <summary>Bytes a second; null for no limit.</summary>
    public long? BytesPerSecond
    {
        get => Locked(() => _bytesPerSecond);
        set => Locked(() =>
        {
            Grant();
            return _bytesPerSecond = value;
        });
    }

    /// <summary>Notes what was or will be moved, and waits until the limit allows for it.</summary>
    public async Task SpendAsync(long bytes, CancellationToken cancellationToken)
    {
        double mine = Locked(() =>
        {
            Grant();
            return _spent += bytes;
        });
        while (Locked(() => TimeUntil(mine)) is var wait && wait > WaitMin)
        {
            await Task.Delay(wait < LookInterval ? wait : LookInterval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private TimeSpan TimeUntil(double mine)
    {
        Grant();
        return _bytesPerSecond is not { } rate || _granted >= mine ? TimeSpan.Zero : TimeSpan.FromSeconds((mine - _granted) / rate);
    }

    private void Grant()
    {
        long now = time.GetTimestamp();
        TimeSpan elapsed = time.GetElapsedTime(_grantedAt, now);
        _grantedAt = now;
        _granted = _bytesPerSecond is not { } rate ? _spent : Math.Min(_spent + (rate * SavedMax.TotalSeconds), _granted + (rate * elapsed.TotalSeconds));
    }

    private T Locked<T>(Func<T> action)
    {
        lock (_gate)
        {
            return action();
        }
    }
}
