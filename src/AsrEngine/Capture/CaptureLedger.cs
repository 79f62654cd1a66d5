using System;
using System.Threading;
using Asr.Contracts;

namespace Asr.Engine.Capture;

/// <summary>
/// What is known about one disk's regions and changes, under one lock held for the few stores an operation needs. The rules everything rests on:
/// <list type="bullet">
/// <item><b>Pending</b>: the region's content is not, or not all, in the stream. Set in the same lock hold that lets a write pass without a place in
/// the queue, and when a source write fails (its range is then undefined). Cleared only by catch-up, which holds the region's range
/// lock and in one hold of this lock both appends the content it read and clears the bit. So whoever holds this lock and sees no
/// pending region knows: all writes that have ended are in the stream up to the last sequence. Only then may a point be made.</item>
/// <item><b>Compare</b>, a part of pending: no write has touched the region since the bit was set, and no change was lost from the stream.
/// Then "equal to the replica's hash" (or, on an empty replica, "zeros") is proof enough to clear the region without sending it. Any write
/// takes the bit away.</item>
/// <item><b>Marked</b> in the activity log: the region's newest content may not be in the vault. Every pending region and every region of a change that
/// is not durable in the vault is marked, before the write reaches the source.</item>
/// <item><b>Recent</b> and <b>settling</b>: regions changed since the last rotation, and in the period before it. When the vault holds everything up to the
/// rotation's sequence and no write of that period is still on its way to the source, a settling region that is neither recent nor
/// pending may lose its mark. Waiting for the source matters: were the mark cleared before the write lands, a crash would leave a
/// replica that is ahead of the disk, and no one would know.</item>
/// </list>
/// </summary>
internal sealed partial class CaptureLedger
{
    private const int CompareRegionsMin = 1024;

    private readonly Lock _gate = new();
    private readonly IActivityLog _activity;
    private readonly CaptureArena _arena;
    private readonly ChangeQueue _queue = new();
    private readonly RegionBitmap _pending;
    private readonly RegionBitmap _compare;
    private readonly int[] _writesUnderWay = new int[2];
    private readonly int _regionBytes;
    private RegionBitmap _recent;
    private RegionBitmap _settling;
    private int _period;
    private long _settleSequence;
    private long _lastSequence;
    private long _wakeBytes = 1;
    private long _regionsPassedBy;
    private bool _isStreaming;
    private bool _isOffline;
    private bool _isTracking;

    public CaptureLedger(long diskBytes, IActivityLog activity, CaptureArena arena, bool isTracked = false)
    {
        _masks = isTracked ? new BlockMasks() : null;
        _activity = activity;
        _arena = arena;
        _regionBytes = activity.RegionBytes;
        DiskBytes = diskBytes;
        long regions = (diskBytes + _regionBytes - 1) / _regionBytes;
        _pending = new RegionBitmap(regions);
        _compare = new RegionBitmap(regions);
        _recent = new RegionBitmap(regions);
        _settling = new RegionBitmap(regions);

        // A log without an epoch speaks of no stream: the first session takes the whole disk, so until then nothing need be noted.
        // Any other log goes on being kept, whether the disk is replicated at the moment or not.
        _isTracking = activity.Position.Epoch > 0;
        foreach (long region in activity.EnumerateMarked())
        {
            _pending.Set(region);
        }
    }

    public long DiskBytes { get; }

    /// <summary>Set when changes wait in the queue: the first one, and again when <see cref="WakeAt"/> bytes are reached.</summary>
    public AsyncSignal ChangesWaiting { get; } = new();

    /// <summary>Set when a region becomes pending.</summary>
    public AsyncSignal RegionsWaiting { get; } = new();

    /// <summary>Rises whenever regions become pending for other reasons than a write: answers about the replica asked for before are void.</summary>
    public int Generation { get; private set; }

    /// <summary>Changes whenever the stream begins or breaks off: sequences under different numbers do not compare.</summary>
    public int StreamNumber { get; private set; }

    public long PendingRegions => _pending.SetCount;

    /// <summary>
    /// Whether so much is pending that the replica should be asked first. That costs a question for each run of regions, so a few regions are quicker sent;
    /// but a log that has everything marked is one that knows nothing.
    /// </summary>
    public bool IsWorthComparing => _pending.SetCount >= CompareRegionsMin || _pending.SetCount == _pending.Count;

    public bool IsComparing => !_compare.IsEmpty;

    public bool IsOffline => Volatile.Read(ref _isOffline);

    public bool IsStreaming => Volatile.Read(ref _isStreaming);

    public long QueuedBytes => _queue.Bytes;

    /// <summary>Regions touched so far by writes that found no place in the stream, counted for each write.</summary>
    public long RegionsPassedBy => Volatile.Read(ref _regionsPassedBy);

    public long LastSequence
    {
        get
        {
            lock (_gate)
            {
                return _lastSequence;
            }
        }
    }

    /// <summary>Sequence of the oldest change in the queue, or of the next one when it is empty.</summary>
    public long FirstQueuedSequence
    {
        get
        {
            lock (_gate)
            {
                return _lastSequence - _queue.Count + 1;
            }
        }
    }

    /// <summary>The lock, for a barrier over several disks.</summary>
    public Lock Gate => _gate;

    public void WakeAt(long bytes) => _wakeBytes = bytes;

    /// <summary>
    /// A glance without the lock, good for saving a copy: the caller holds the range lock, so no pending region of its range can cease to be one.
    /// </summary>
    public bool IsCopyUseful(long offset, long length)
    {
        if (!Volatile.Read(ref _isStreaming))
        {
            return false;
        }

        if (_pending.IsEmpty)
        {
            return true;
        }

        (long first, long last) = Regions(offset, length);
        return !AllPending(first, last);
    }

    /// <summary>
    /// Gives a write its place: in the queue when it may travel as it is, else by making its regions pending. Afterwards the caller writes to the source
    /// and calls <see cref="EndWrite"/> with the period.
    /// </summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="changes">The write as changes, or none when there was no memory for a copy.</param>
    /// <param name="period">For <see cref="EndWrite"/>.</param>
    /// <returns>True when the queue owns the contents now, false when the caller keeps them.</returns>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.DiskReadOnly"/> when the disk is offline.</exception>
    public bool BeginWrite(long offset, long length, ReadOnlySpan<CapturedChange> changes, out int period)
    {
        (long first, long last) = Regions(offset, length);
        lock (_gate)
        {
            if (_isOffline)
            {
                throw Offline();
            }

            period = _period;
            _writesUnderWay[period]++;
            if (_isStreaming && !changes.IsEmpty && _queue.HasRoomFor(changes.Length) && !AllPending(first, last))
            {
                MarkActive(first, last);
                Enqueue(changes);
                return true;
            }

            if (_isTracking)
            {
                _regionsPassedBy += last - first + 1;
                MakePending(first, last);
            }

            return false;
        }
    }

    public void EndWrite(int period)
    {
        lock (_gate)
        {
            _writesUnderWay[period]--;
        }
    }

    /// <summary>The source refused the write: what its range holds is unknown.</summary>
    public void FailWrite(int period, long offset, long length)
    {
        (long first, long last) = Regions(offset, length);
        lock (_gate)
        {
            _writesUnderWay[period]--;
            if (_isTracking)
            {
                MakePending(first, last);
            }
        }
    }

    public void SetOffline(bool isOffline)
    {
        lock (_gate)
        {
            _isOffline = isOffline;
        }
    }

    private static AsrException Offline() => new(
        AsrErrorCode.DiskReadOnly, "The disk is offline: its machine has been failed over, or is failing over or back.", "Use the machine where it runs now.");

    private (long First, long Last) Regions(long offset, long length) => (offset / _regionBytes, (offset + length - 1) / _regionBytes);

    private bool AllPending(long first, long last)
    {
        for (long region = first; region <= last; region++)
        {
            if (!_pending[region])
            {
                return false;
            }
        }

        return true;
    }

    private void Enqueue(ReadOnlySpan<CapturedChange> changes)
    {
        long before = _queue.Bytes;
        bool wasEmpty = _queue.Count == 0;
        foreach (ref readonly CapturedChange change in changes)
        {
            _queue.Enqueue(change);
        }

        _lastSequence += changes.Length;
        if (wasEmpty || (before < _wakeBytes && _queue.Bytes >= _wakeBytes))
        {
            ChangesWaiting.Set();
        }
    }

    private void MarkActive(long first, long last)
    {
        for (long region = first; region <= last; region++)
        {
            _touched?.Set(region);

            // Regions in any of the three sets are marked already; the log's memory need not be touched.
            if (_recent.Set(region) && !_settling[region] && !_pending[region])
            {
                _activity.Mark(region);
            }

            if (!_compare.IsEmpty)
            {
                _compare.Clear(region);
            }
        }
    }

    private void MakePending(long first, long last)
    {
        for (long region = first; region <= last; region++)
        {
            _touched?.Set(region);
            MakePending(region);
        }

        RegionsWaiting.Set();
    }

    /// <summary>The region's content is to be sent, whatever is known of the replica's. Returns whether that is new.</summary>
    private bool MakePending(long region)
    {
        _compare.Clear(region);
        bool isNew = _pending.Set(region);
        if (isNew && !_recent[region] && !_settling[region])
        {
            _activity.Mark(region);
        }

        return isNew;
    }
}
