using System;

namespace Asr.Engine.Capture;

/// <content>
/// A verification's side: which regions have been written since it began to watch. A region counts as touched before the write reaches the source, or, on a tracked disk, once the tracker has told
/// of it. So what was read of a region that is untouched afterwards, all drained, is what it held all the while. A doubt touches everything.
/// </content>
internal sealed partial class CaptureLedger
{
    private RegionBitmap? _touched;

    /// <summary>Begins to watch: from now on every write counts. Two at a time would take each other's notes.</summary>
    public void BeginWatch()
    {
        lock (_gate)
        {
            _touched = new RegionBitmap(_pending.Count);
        }
    }

    public void EndWatch()
    {
        lock (_gate)
        {
            _touched = null;
        }
    }

    /// <summary>Watches some regions anew. What was written to them before must have ended, and, on a tracked disk, have been told.</summary>
    public void WatchAnew(long first, int count)
    {
        lock (_gate)
        {
            for (long region = first; region < first + count; region++)
            {
                _touched?.Clear(region);
            }
        }
    }

    /// <summary>Tells which regions are untouched, and the disk's place in its stream at this moment.</summary>
    /// <param name="first">The first region.</param>
    /// <param name="isStill">For each region: nothing was written to it since it is watched.</param>
    /// <param name="isInStream">For each region: the stream up to the place has its content.</param>
    public CaptureInstant LookAtWatch(long first, Span<bool> isStill, Span<bool> isInStream)
    {
        lock (_gate)
        {
            for (int i = 0; i < isStill.Length; i++)
            {
                isStill[i] = _touched is { } touched && !touched[first + i];
                isInStream[i] = _isStreaming && !_pending[first + i];
            }

            return new CaptureInstant(_lastSequence, StreamNumber, _isStreaming);
        }
    }

    /// <summary>The replica is known to lack a region's content: it is sent, whatever is known of it.</summary>
    public void SendAnew(long region)
    {
        lock (_gate)
        {
            MakePending(region);
            _masks?.MakeWhole(region);
            RegionsWaiting.Set();
        }
    }
}
