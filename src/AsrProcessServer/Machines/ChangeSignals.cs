using System;
using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.ProcessServer.Machines;

/// <summary>
/// Wakes those who wait for a machine or job to change. Only a hint: a waiter looks again after waking, and takes the signal
/// <i>before</i> it looks, so that no change is missed. Safe for concurrent callers.
/// </summary>
public sealed class ChangeSignals(TimeProvider time)
{
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> _signals = new();

    /// <summary>A task that ends at the next change of this id.</summary>
    public Task Next(Guid id) => _signals.GetOrAdd(id, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Tells every waiter that the id has changed.</summary>
    public void Raise(Guid id)
    {
        if (_signals.TryRemove(id, out TaskCompletionSource? signal))
        {
            signal.SetResult();
        }
    }

    /// <summary>Asks again at every change, and at the latest every second, until the answer is accepted or the time is over; gives the last answer.</summary>
    public async Task<T> WaitAsync<T>(Guid id, Func<Task<T>> ask, Func<T, bool> accept, TimeSpan timeout, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            Task next = Next(id);
            T answer = await ask();
            TimeSpan left = timeout - time.GetElapsedTime(start);
            if (accept(answer) || left <= TimeSpan.Zero)
            {
                return answer;
            }
            await Task.WhenAny(next, Task.Delay(left < TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1), time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
