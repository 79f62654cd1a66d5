using System;
using System.Collections.Generic;
using System.Threading;

namespace Asr.Engine.Shipping;

/// <summary>Batches that the process server is not known to have, in order. Bounded by the number in flight. Thread-safe.</summary>
internal sealed class ShipWindow
{
    private readonly Lock _gate = new();
    private readonly List<ShippingBatch> _batches = [];

    public long RawBytes
    {
        get
        {
            lock (_gate)
            {
                long total = 0;
                _batches.ForEach(batch => total += batch.RawBytes);
                return total;
            }
        }
    }

    public void Add(ShippingBatch batch)
    {
        lock (_gate)
        {
            _batches.Add(batch);
        }
    }

    public void Remove(ShippingBatch batch)
    {
        lock (_gate)
        {
            _batches.Remove(batch);
        }

        batch.Dispose();
    }

    public ShippingBatch[] Snapshot()
    {
        lock (_gate)
        {
            return [.. _batches];
        }
    }

    /// <summary>
    /// Moves what the new session lacks to its epoch. False, and nothing changed, when the stream cannot go on from here: the process server lost changes
    /// that are kept no longer, or has a part of a batch.
    /// </summary>
    /// <param name="epoch">The new session's epoch.</param>
    /// <param name="nextSequence">The first change that it lacks.</param>
    /// <param name="afterLast">Sequence of the first change that has not been batched.</param>
    public bool TryContinue(int epoch, long nextSequence, long afterLast)
    {
        lock (_gate)
        {
            // Batches that were answered are gone, and a spool that is lost may have held some of those between others that are kept.
            long expected = nextSequence;
            foreach (ShippingBatch batch in _batches)
            {
                if (batch.LastSequence < nextSequence)
                {
                    continue;
                }

                if (batch.FirstSequence != expected)
                {
                    return false;
                }

                expected = batch.LastSequence + 1;
            }

            if (expected != afterLast)
            {
                return false;
            }

            foreach (ShippingBatch batch in _batches)
            {
                if (batch.FirstSequence < nextSequence)
                {
                    batch.Dispose();
                }
                else
                {
                    batch.Restamp(epoch);
                }
            }

            _batches.RemoveAll(batch => batch.FirstSequence < nextSequence);
            return true;
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _batches.ForEach(batch => batch.Dispose());
            _batches.Clear();
        }
    }
}
