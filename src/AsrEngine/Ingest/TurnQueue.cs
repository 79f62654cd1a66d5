using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Ingest;

/// <summary>
/// Lets the batches of one disk in one at a time and in sequence order, however they arrive. Waiting is bounded in number and time. A
/// failure ends everyone who waits behind it: their turn cannot come before the failed batch is sent again. Safe for concurrent callers.
/// </summary>
internal sealed class TurnQueue(Guid diskId, TimeProvider time)
{
    /// <summary>Batches that may wait: senders keep far fewer under way.</summary>
    public const int WaitersMax = 64;

    /// <summary>Longer than any sender waits before it repeats a lost request.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly SortedSet<Waiter> _waiters = new(Comparer<Waiter>.Create(static (a, b) => (a.First, a.Number).CompareTo((b.First, b.Number))));
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _numbers;
    private bool _busy;
    private AsrException? _closed;

    /// <summary>Ends when it is this batch's turn; every turn is given back with <see cref="Leave"/>.</summary>
    /// <param name="first">Sequence of the batch's first change.</param>
    /// <param name="received">Tells the last sequence that was taken in.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public async Task EnterAsync(long first, Func<long> received, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (_closed is not null)
            {
                throw _closed;
            }

            if (!_busy && first <= received() + 1)
            {
                _busy = true;
                return;
            }

            if (_waiters.Count >= WaitersMax)
            {
                throw Gap(first, received());
            }

            waiter = new Waiter(first, ++_numbers);
            _waiters.Add(waiter);
        }

        try
        {
            await waiter.Turn.Task.WaitAsync(WaitMax, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            bool hadTurn;
            lock (_lock)
            {
                hadTurn = !_waiters.Remove(waiter) && waiter.Turn.Task.IsCompletedSuccessfully;
            }

            if (hadTurn)
            {
                Leave(received, null);
            }

            if (error is TimeoutException)
            {
                throw Gap(first, received());
            }

            throw;
        }
    }

    /// <summary>Ends a turn and gives the next; a failure ends all who wait.</summary>
    public void Leave(Func<long> received, AsrException? failure)
    {
        lock (_lock)
        {
            _busy = false;
            if (_closed is not null)
            {
                _idle.TrySetResult();
                return;
            }

            if (failure is not null)
            {
                EndAll(failure);
            }
            else if (_waiters.Min is { } next && next.First <= received() + 1)
            {
                _waiters.Remove(next);
                _busy = true;
                next.Turn.TrySetResult();
            }
        }
    }

    /// <summary>Lets no one in any more; ends when the last turn has been given back.</summary>
    public Task CloseAsync(AsrException reason)
    {
        lock (_lock)
        {
            _closed ??= reason;
            EndAll(reason);
            if (!_busy)
            {
                _idle.TrySetResult();
            }
        }

        return _idle.Task;
    }

    private void EndAll(AsrException reason)
    {
        foreach (Waiter waiter in _waiters)
        {
            waiter.Turn.TrySetException(reason);
        }

        _waiters.Clear();
    }

    private AsrException Gap(long first, long received) => new(
        AsrErrorCode.SequenceGap,
        $"Change {first} of disk {diskId} was sent, and the changes after {received} before it did not come.",
        "Nothing was stored. Send them, or resynchronise.",
        diskId.ToString());

    private sealed class Waiter(long first, long number)
    {
        public long First { get; } = first;

        public long Number { get; } = number;

        public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
