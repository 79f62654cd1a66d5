using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>One disk's spooled segments in order. Safe for concurrent callers; whoever takes from it holds <see cref="Gate"/>.</summary>
internal sealed class SpoolQueue
{
    private readonly Lock _lock = new();
    private readonly Queue<(SegmentName Name, long Length)> _order = new();
    private readonly Dictionary<SegmentName, TaskCompletionSource> _pending = [];

    /// <summary>Held while segments are brought over.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _order.Count == 0;
            }
        }
    }

    public void Add(in SegmentName name, long length)
    {
        lock (_lock)
        {
            _order.Enqueue((name, length));
            _pending.Add(name, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
    }

    public bool Contains(in SegmentName name)
    {
        lock (_lock)
        {
            return _pending.ContainsKey(name);
        }
    }

    /// <summary>Ends when the segment leaves the queue; at once when it is not in it.</summary>
    public Task WhenStored(in SegmentName name)
    {
        lock (_lock)
        {
            return _pending.TryGetValue(name, out TaskCompletionSource? stored) ? stored.Task : Task.CompletedTask;
        }
    }

    public bool TryPeek(out SegmentName name, out long length)
    {
        lock (_lock)
        {
            bool any = _order.TryPeek(out (SegmentName Name, long Length) first);
            (name, length) = first;
            return any;
        }
    }

    /// <summary>Removes the first segment: it is stored, or lost for the reason given.</summary>
    public void Complete(AsrException? lost)
    {
        lock (_lock)
        {
            _pending.Remove(_order.Dequeue().Name, out TaskCompletionSource? stored);
            if (lost is null)
            {
                stored!.TrySetResult();
            }
            else
            {
                stored!.TrySetException(lost);

                // A segment of an earlier process has no one waiting for it.
                _ = stored.Task.Exception;
            }
        }
    }
}
