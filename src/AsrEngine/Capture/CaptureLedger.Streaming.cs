using System;
using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.Engine.Capture;

/// <content>The sender's side: sessions, batches, watermarks.</content>
internal sealed partial class CaptureLedger
{
    // Regions settled in one hold of the lock.
    private const int SettleRegionsMax = 4096;

    /// <summary>Starts a stream. What is pending stays so, and may be compared: no change of the new stream precedes it.</summary>
    /// <param name="nextSequence">Number for the first change.</param>
    /// <param name="comparePending">True to let catch-up compare what is pending with the replica before it sends it.</param>
    public void StartStream(long nextSequence, bool comparePending)
    {
        lock (_gate)
        {
            _lastSequence = nextSequence - 1;
            StreamNumber++;
            Generation++;
            _isStreaming = true;
            _isTracking = true;
            _masks?.Clear();
            if (comparePending)
            {
                for (long region = _pending.NextSet(0); region >= 0; region = _pending.NextSet(region + 1))
                {
                    _compare.Set(region);
                }
            }

            RegionsWaiting.Set();
        }
    }

    /// <summary>
    /// Ends the stream: what waits in the queue is dropped, and everything not known to be in the vault is pending. From now on writes
    /// only make regions pending.
    /// </summary>
    public void EndStream()
    {
        lock (_gate)
        {
            _isStreaming = false;
            StreamNumber++;
            Generation++;
            while (_queue.Count > 0)
            {
                _queue.Dequeue().Content.Release();
            }

            // The marks cover recent and settling regions, so those sets can start afresh. Writes that are on their way are in pending
            // regions now, and a later catch-up of them waits for their range lock.
            _compare.ClearAll();
            _masks?.Clear();
            foreach (long region in _activity.EnumerateMarked())
            {
                _pending.Set(region);
            }

            _recent.ClearAll();
            _settling.ClearAll();
            _settleSequence = 0;
        }
    }

    /// <summary>Doubts the whole disk: every region becomes pending, to be compared unless a write is known to have passed the stream by.</summary>
    public void MakeAllPending()
    {
        lock (_gate)
        {
            _isTracking = true;
            _activity.MarkAll();
            _touched?.SetAll();
            Generation++;
            _masks?.Clear();
            if (_isStreaming)
            {
                // A region that is pending but not to be compared has had a write outside the stream, and older changes may be on their way:
                // an equal hash would prove nothing. It stays as it is.
                for (long region = 0; region < _pending.Count; region++)
                {
                    if (_pending.Set(region))
                    {
                        _compare.Set(region);
                    }
                }
            }
            else
            {
                _pending.SetAll();
            }

            RegionsWaiting.Set();
        }
    }

    /// <summary>The disk equals the activity log's position: nothing is pending. Only while offline with no write on its way.</summary>
    public void MakeNonePending()
    {
        lock (_gate)
        {
            _isTracking = true;
            _masks?.Clear();
            _pending.ClearAll();
            _compare.ClearAll();
            _recent.ClearAll();
            _settling.ClearAll();
            _activity.ClearAll();
        }
    }

    /// <summary>Moves the oldest changes into <paramref name="changes"/>, up to about <paramref name="bytes"/> of content; the caller releases them.</summary>
    /// <returns>Sequence of the first.</returns>
    public long Take(List<CapturedChange> changes, long bytes)
    {
        lock (_gate)
        {
            long first = _lastSequence - _queue.Count + 1;
            long taken = 0;
            while (_queue.Count > 0 && taken < bytes && changes.Count < ReplicationLimits.BatchChangesMax)
            {
                CapturedChange change = _queue.Dequeue();
                taken += change.Content.IsZeros ? 0 : change.Length;
                changes.Add(change);
            }

            return first;
        }
    }

    /// <summary>Clears marks on the strength of what the vault holds. True when there is more to do at once.</summary>
    public bool Settle(long vaultSequence)
    {
        lock (_gate)
        {
            if (!_isStreaming)
            {
                return false;
            }

            if (_settling.IsEmpty)
            {
                // Writes of the period before the last may still be under way; their counter is about to be used again.
                if (_recent.IsEmpty || _writesUnderWay[1 - _period] != 0)
                {
                    return false;
                }

                (_recent, _settling) = (_settling, _recent);
                _settleSequence = _lastSequence;
                _period = 1 - _period;
            }

            if (vaultSequence < _settleSequence || _writesUnderWay[1 - _period] != 0)
            {
                return false;
            }

            _activity.Advance(Math.Max(vaultSequence, _activity.Position.Sequence));
            int budget = SettleRegionsMax;
            for (long region = _settling.NextSet(0); region >= 0 && budget-- > 0; region = _settling.NextSet(region + 1))
            {
                _settling.Clear(region);
                if (!_recent[region] && !_pending[region])
                {
                    _activity.Clear(region);
                }
            }

            return !_settling.IsEmpty;
        }
    }

    /// <summary>Only while the caller holds <see cref="Gate"/>: the disk's place in its stream at this instant.</summary>
    public CaptureInstant ReadInstant() => new(_lastSequence, StreamNumber, _isStreaming && _pending.IsEmpty && (_masks is null || IsHeld));
}
