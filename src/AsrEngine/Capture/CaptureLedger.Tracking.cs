using System;
using System.Collections.Generic;

namespace Asr.Engine.Capture;

/// <content>
/// Disks whose writes do not pass the capture but are told by a tracker. Their regions become pending in bulk, for some of their blocks only, and also while they are being
/// read. That nothing is pending proves nothing about such a disk, because what the tracker notes is not told at once: only an instant at which the disk was at
/// rest, drained and read is one. Then <see cref="IsHeld"/> says so.
/// </content>
internal sealed partial class CaptureLedger
{
    private readonly BlockMasks? _masks;

    /// <summary>True while the stream's end is an instant of a tracked disk: from <see cref="CompleteAtRest"/> until whoever made it has read its place.</summary>
    public bool IsHeld { get; set; }

    /// <summary>The tracker has told blocks: marks their regions before the tracker forgets them.</summary>
    public void NoteWritten(long offset, long length)
    {
        (long first, long last) = Regions(offset, length);
        lock (_gate)
        {
            for (long region = first; region <= last; region++)
            {
                _touched?.Set(region);
                bool isNew = MakePending(region);
                _masks!.Add(region, MaskOf(region, offset, length), isNew);
            }
        }
    }

    /// <summary>Takes the masks of regions that are about to be read.</summary>
    public ushort[] TakeMasks(in PendingRun run)
    {
        ushort[] masks = new ushort[run.Count];
        lock (_gate)
        {
            for (int i = 0; i < masks.Length; i++)
            {
                masks[i] = _masks!.Take(run.First + i);
            }
        }

        return masks;
    }

    /// <summary>Gives back the masks of regions that were not read after all.</summary>
    public void RestoreMasks(in PendingRun run, ReadOnlySpan<ushort> masks)
    {
        lock (_gate)
        {
            for (int i = 0; i < masks.Length; i++)
            {
                _masks!.Restore(run.First + i, masks[i]);
            }
        }
    }

    /// <summary>Everything that is pending, as runs of blocks in order; null when it is more than <paramref name="bytesMax"/> or the disk has no stream.</summary>
    public PendingBlocks? FindPending(long bytesMax, int runBytesMax)
    {
        List<BlockRun> runs = [];
        long bytes = 0;
        lock (_gate)
        {
            if (!_isStreaming)
            {
                return null;
            }

            for (long region = _pending.NextSet(0); region >= 0; region = _pending.NextSet(region + 1))
            {
                foreach (BlockRun run in BlockMasks.RunsOf(region, _masks!.Peek(region), DiskBytes))
                {
                    bytes += run.Length;
                    if (bytes > bytesMax)
                    {
                        return null;
                    }

                    if (runs.Count > 0 && runs[^1] is var last && last.Offset + last.Length == run.Offset && last.Length + run.Length <= runBytesMax)
                    {
                        runs[^1] = new BlockRun(last.Offset, last.Length + run.Length);
                    }
                    else
                    {
                        runs.Add(run);
                    }
                }
            }

            return new PendingBlocks(runs, bytes, Generation);
        }
    }

    /// <summary>
    /// What <see cref="FindPending"/> gave has been read while the disk was at rest, and nothing has been told since: appends it and clears everything that was pending.
    /// </summary>
    /// <param name="changes">All of it.</param>
    /// <param name="generation">The ledger's when they were found.</param>
    /// <returns>False, and nothing has changed, when the stream has broken off or more has come into doubt.</returns>
    public bool CompleteAtRest(ReadOnlySpan<CapturedChange> changes, int generation)
    {
        lock (_gate)
        {
            if (!_isStreaming || Generation != generation || !_queue.HasRoomFor(changes.Length))
            {
                return false;
            }

            for (long region = _pending.NextSet(0); region >= 0; region = _pending.NextSet(region + 1))
            {
                _recent.Set(region);
            }

            _pending.ClearAll();
            _compare.ClearAll();
            _masks!.Clear();
            if (!changes.IsEmpty)
            {
                Enqueue(changes);
            }

            IsHeld = true;
            return true;
        }
    }

    // The region's content up to here is in the stream. False when more of it has been told meanwhile, or doubted.
    private bool TryFinish(long region) => _masks is null || _masks.TryFinish(region);

    private ushort MaskOf(long region, long offset, long length)
    {
        long start = region * _regionBytes;
        int first = (int)(Math.Max(0, offset - start) / BlockMasks.BlockBytes);
        int last = (int)((Math.Min(_regionBytes, offset + length - start) - 1) / BlockMasks.BlockBytes);
        return (ushort)(((1u << (last + 1)) - 1) & ~((1u << first) - 1));
    }
}

/// <summary>A run of bytes of a disk.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct BlockRun(long Offset, int Length);

/// <summary>Everything that is pending on a disk.</summary>
/// <param name="Runs">In order.</param>
/// <param name="Bytes">Together.</param>
/// <param name="Generation">The ledger's generation when they were found.</param>
internal sealed record PendingBlocks(IReadOnlyList<BlockRun> Runs, long Bytes, int Generation);
