using System;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Capture;

/// <summary>
/// Wakes one waiting loop. A signal while nobody waits is kept, several count as one, and an early wake-up is possible: the waiter checks its condition again.
/// <see cref="Set"/> costs one read while a signal is pending, so it may be called for every write.
/// </summary>
internal sealed class AsyncSignal
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiter;
    private volatile bool _isSet;

    public void Set()
    {
        if (_isSet)
        {
            return;
        }

        lock (_gate)
        {
            _isSet = true;
            _waiter?.TrySetResult();
        }
    }

    /// <summary>Returns on a signal, after <paramref name="timeout"/> at the latest (infinite allowed).</summary>
    public async Task WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource waiter;
        lock (_gate)
        {
            if (_isSet)
            {
                _isSet = false;
                return;
            }

            waiter = _waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        try
        {
            await waiter.Task.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The time is up: as good a reason to look again as a signal.
        }
        finally
        {
            lock (_gate)
            {
                _waiter = null;
                _isSet = false;
            }
        }
    }
}
