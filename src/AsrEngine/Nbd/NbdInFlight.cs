using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Nbd;

/// <summary>Counts the requests and bytes of one connection in flight. One caller acquires; anyone releases.</summary>
internal sealed class NbdInFlight(int requestsMax, long bytesMax)
{
    private readonly Lock _gate = new();
    private int _requests;
    private long _bytes;
    private TaskCompletionSource? _changed;

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

    /// <summary>Waits for a place.</summary>
    public async Task AcquireAsync(long bytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed = NextChange();
            if (TryAcquire(bytes))
            {
                return;
            }

            await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until nothing is in flight; nobody may acquire meanwhile.</summary>
    public async Task DrainAsync()
    {
        while (true)
        {
            Task changed = NextChange();
            lock (_gate)
            {
                if (_requests == 0)
                {
                    return;
                }
            }

            await changed.ConfigureAwait(false);
        }
    }

    /// <summary>Gives a place back.</summary>
    public void Release(long bytes)
    {
        lock (_gate)
        {
            _requests--;
            _bytes -= bytes;
            _changed?.TrySetResult();
            _changed = null;
        }
    }

    private Task NextChange()
    {
        lock (_gate)
        {
            _changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _changed.Task;
        }
    }
}
