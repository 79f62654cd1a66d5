using System;

namespace Asr.Engine.Capture;

/// <summary>Changes with contiguous sequence numbers waiting to be batched, in a ring that grows up to a bound. Not thread-safe.</summary>
internal sealed class ChangeQueue
{
    /// <summary>Changes held at most; zeros take no memory in the arena, so their number needs a bound of its own.</summary>
    public const int ChangesMax = 1 << 18;

    private CapturedChange[] _ring = new CapturedChange[1024];
    private int _head;

    public int Count { get; private set; }

    /// <summary>Bytes of content in the queue, zeros not counted.</summary>
    public long Bytes { get; private set; }

    public bool HasRoomFor(int changes) => Count + changes <= ChangesMax;

    public void Enqueue(in CapturedChange change)
    {
        if (Count == _ring.Length)
        {
            Grow();
        }

        _ring[(_head + Count) & (_ring.Length - 1)] = change;
        Count++;
        Bytes += change.Content.IsZeros ? 0 : change.Length;
    }

    public CapturedChange Dequeue()
    {
        CapturedChange change = _ring[_head];
        _ring[_head] = default;
        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
        Bytes -= change.Content.IsZeros ? 0 : change.Length;
        return change;
    }

    private void Grow()
    {
        CapturedChange[] larger = new CapturedChange[_ring.Length * 2];
        _ring.AsSpan(_head).CopyTo(larger);
        _ring.AsSpan(0, _head).CopyTo(larger.AsSpan(_ring.Length - _head));
        _ring = larger;
        _head = 0;
    }
}
