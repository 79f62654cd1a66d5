using System;

namespace Asr.Engine.Capture;

/// <content>Catch-up's side: which regions to take next, and giving them their place.</content>
internal sealed partial class CaptureLedger
{
    /// <summary>The first run of pending regions at or after <paramref name="from"/>, all to be compared or none of them; count 0 when there is none.</summary>
    public PendingRun NextRun(long from, int regionsMax)
    {
        lock (_gate)
        {
            long first = from < _pending.Count ? _pending.NextSet(from) : -1;
            if (first < 0)
            {
                return default;
            }

            bool isCompared = _compare[first];
            long end = first + 1;
            while (end < _pending.Count && end - first < regionsMax && _pending[end] && _compare[end] == isCompared)
            {
                end++;
            }

            return new PendingRun(first, (int)(end - first), isCompared, Generation);
        }
    }

    /// <summary>
    /// Ends the catch-up of some regions whose range lock the caller holds: appends what was read and clears the bits. Regions of
    /// <paramref name="equalRegions"/> are cleared without content, those of them for which the proof has lapsed stay pending.
    /// </summary>
    /// <param name="run">The regions; the generation is that in which the replica was asked.</param>
    /// <param name="equalRegions">Bit i: region First + i equals the replica, as far as the caller knows.</param>
    /// <param name="changes">Content of the other regions.</param>
    /// <returns>False when there is no place for the changes; then nothing has changed and the caller keeps them.</returns>
    public bool CompleteCatchUp(in PendingRun run, ReadOnlySpan<bool> equalRegions, ReadOnlySpan<CapturedChange> changes)
    {
        lock (_gate)
        {
            if (!_isStreaming || !_queue.HasRoomFor(changes.Length))
            {
                return false;
            }

            for (int i = 0; i < run.Count; i++)
            {
                long region = run.First + i;
                if (equalRegions[i] && !(_compare[region] && run.Generation == Generation))
                {
                    // Of a tracked disk more may be wanted than what was written meanwhile: all of it, since nothing is proven.
                    _masks?.MakeWhole(region);
                    continue;
                }

                // Also an equal region counts as changed just now: the replica's state that it equals may be in the spool only.
                _recent.Set(region);
                if (TryFinish(region))
                {
                    _pending.Clear(region);
                    _compare.Clear(region);
                }
            }

            if (!changes.IsEmpty)
            {
                Enqueue(changes);
            }

            return true;
        }
    }
}

/// <summary>Adjacent pending regions.</summary>
/// <param name="First">The first region.</param>
/// <param name="Count">How many; 0 for none.</param>
/// <param name="IsCompared">Whether an equal hash is proof enough.</param>
/// <param name="Generation">The ledger's generation when they were found.</param>
internal readonly record struct PendingRun(long First, int Count, bool IsCompared, int Generation)
{
    /// <summary>A part of it.</summary>
    public PendingRun Slice(int start, int count) => this with { First = First + start, Count = count };
}
