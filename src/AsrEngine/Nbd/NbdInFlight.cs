using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Nbd;

/// <summary>Counts the requests and bytes of one connection in flight. One thread acquires; anyone releases.</summary>
internal sealed class NbdInFlight(int requestsMax, long bytesMax)
{
    // A monitor, because the acquiring thread waits on it.
    private readonly object _gate = new();
    private int _requests;
    private long _bytes;
    private bool _isWaiting;
    private TaskCompletionSource? _drained;

    /// <summary>Takes a place if there is one. A request larger than the limit gets in when it is alone.</summary>
    public bool TryAcquire(long bytes)
    {
        lock (_gate)
        {
            if (_requests > 0 && (_requests >= requestsMax || _bytes + bytes > bytesMax))
            {
                return false;
            }

            _requests++;
            _bytes += bytes;
            return true;
        }
    }

    /// <summary>Waits for a place, by blocking the thread: at the latest there is one when nothing is in flight.</summary>
    public void Acquire(long bytes)
    {
        lock (_gate)
        {
            while (!TryAcquire(bytes))
            {
                _isWaiting = true;
                Monitor.Wait(_gate);
                _isWaiting = false;
            }
        }
    }

    /// <summary>Ends at a moment when nothing is in flight.</summary>
    public Task DrainAsync()
    {
        lock (_gate)
        {
            if (_requests == 0)
            {
                return Task.CompletedTask;
            }

            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>Gives a place back.</summary>
    public void Release(long bytes)
    {
        lock (_gate)
        {
            _requests--;
            _bytes -= bytes;
            if (_isWaiting)
            {
                Monitor.Pulse(_gate);
            }

            if (_requests == 0)
            {
                _drained?.SetResult();
                _drained = null;
            }
        }
    }
}
