using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Blocks;

/// <summary>
/// Locks byte ranges, shared or exclusive. A request waits for every earlier one that overlaps it unless both are shared; requests that do
/// not overlap never wait for each other. First come, first served: a waiting writer holds back later readers of its range, so nobody starves.
/// Thread-safe. An uncontended lock allocates nothing once the pool of entries is warm. Meant for tens of holders at a time, not thousands:
/// each call walks the list of holders and waiters.
/// </summary>
public sealed class RangeLock
{
    private const int PooledEntriesMax = 64;

    private readonly Lock _gate = new();

    // Holders and waiters together, in the order they came.
    private readonly List<Entry> _entries = [];
    private readonly Stack<Entry> _pool = new();

    /// <summary>Number of holders and waiters at this moment.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Waits until the range is free for this use. Dispose the result exactly once to let the next one in.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes; an empty range conflicts with nothing.</param>
    /// <param name="exclusive">True for a writer, false for a reader.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<Holder> AcquireAsync(long offset, long length, bool exclusive, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<Holder>(cancellationToken);
        }

        Entry entry;
        // A local, because the grant clears the entry's field and may come as soon as the gate is open.
        TaskCompletionSource<Holder> waiter;
        lock (_gate)
        {
            entry = _pool.TryPop(out Entry? pooled) ? pooled : new Entry();
            entry.Start = offset;
            entry.End = checked(offset + length);
            entry.IsExclusive = exclusive;
            _entries.Add(entry);
            if (!IsBlocked(_entries.Count - 1))
            {
                return ValueTask.FromResult(new Holder(this, entry, entry.Version));
            }

            waiter = new TaskCompletionSource<Holder>(TaskCreationOptions.RunContinuationsAsynchronously);
            entry.Waiter = waiter;
        }

        return WaitAsync(entry, waiter, cancellationToken);
    }

    private async ValueTask<Holder> WaitAsync(Entry entry, TaskCompletionSource<Holder> waiter, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                (RangeLock owner, Entry waiting, TaskCompletionSource<Holder> source) = ((RangeLock, Entry, TaskCompletionSource<Holder>))state!;
                owner.Abandon(waiting, source, token);
            },
            (this, entry, waiter));
        return await waiter.Task.ConfigureAwait(false);
    }

    private void Abandon(Entry entry, TaskCompletionSource<Holder> waiter, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // The grant may have come first; then the caller holds the lock and must release it as usual.
            if (entry.Waiter == waiter && waiter.TrySetCanceled(cancellationToken))
            {
                Remove(entry);
            }
        }
    }

    private void Release(Entry entry, int version)
    {
        lock (_gate)
        {
            if (entry.Version != version)
            {
                throw new InvalidOperationException("This range lock was released already.");
            }

            Remove(entry);
        }
    }

    private void Remove(Entry entry)
    {
        int index = _entries.IndexOf(entry);
        _entries.RemoveAt(index);
        entry.Version++;
        entry.Waiter = null;
        if (_pool.Count < PooledEntriesMax)
        {
            _pool.Push(entry);
        }

        // Only those that came later can have waited for it.
        for (int i = index; i < _entries.Count; i++)
        {
            Entry next = _entries[i];
            if (next.Waiter is { } waiter && !IsBlocked(i))
            {
                next.Waiter = null;
                waiter.TrySetResult(new Holder(this, next, next.Version));
            }
        }
    }

    private bool IsBlocked(int index)
    {
        Entry entry = _entries[index];
        for (int i = 0; i < index; i++)
        {
            Entry earlier = _entries[i];
            if (earlier.Start < entry.End && entry.Start < earlier.End && (earlier.IsExclusive || entry.IsExclusive))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A lock that is held. Disposing it twice throws <see cref="InvalidOperationException"/>; the default value does nothing.</summary>
    public readonly struct Holder : IDisposable
    {
        private readonly RangeLock? _owner;
        private readonly Entry? _entry;
        private readonly int _version;

        internal Holder(RangeLock owner, Entry entry, int version)
        {
            _owner = owner;
            _entry = entry;
            _version = version;
        }

        /// <summary>Releases the range.</summary>
        public void Dispose() => _owner?.Release(_entry!, _version);
    }

    internal sealed class Entry
    {
        public long Start;
        public long End;
        public bool IsExclusive;

        // Counts uses of the pooled entry, so that a holder kept too long is told apart from the present one.
        public int Version;

        // Null once granted.
        public TaskCompletionSource<Holder>? Waiter;
    }
}
