using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Vault;

/// <summary>A number that only rises, and those who wait for it; ends with the error that stops it. Safe for concurrent callers.</summary>
internal sealed class Watermark(long value)
{
    private readonly Lock _lock = new();
    private readonly List<(long Target, TaskCompletionSource Reached)> _waiters = [];
    private long _value = value;
    private Exception? _failure;

    /// <summary>Where it is.</summary>
    public long Value => Volatile.Read(ref _value);

    /// <summary>What stopped it, or null.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Raises it.</summary>
    public void Advance(long value)
    {
        lock (_lock)
        {
            Volatile.Write(ref _value, long.Max(value, _value));
            for (int i = _waiters.Count - 1; i >= 0; i--)
            {
                if (_waiters[i].Target <= value)
                {
                    _waiters[i].Reached.TrySetResult();
                    _waiters.RemoveAt(i);
                }
            }
        }
    }

    /// <summary>Stops it; the first error stays.</summary>
    public void Fail(Exception error)
    {
        lock (_lock)
        {
            _failure ??= error;
            foreach ((_, TaskCompletionSource reached) in _waiters)
            {
                reached.TrySetException(_failure);
            }

            _waiters.Clear();
        }
    }

    /// <summary>Ends when the watermark has reached <paramref name="target"/>; throws what stopped it.</summary>
    public async Task WaitAsync(long target, CancellationToken cancellationToken)
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_value >= target)
            {
                return;
            }

            if (_failure is not null)
            {
                throw _failure;
            }

            _waiters.Add((target, reached));
        }

        try
        {
            await reached.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                _waiters.Remove((target, reached));
            }
        }
    }
}
