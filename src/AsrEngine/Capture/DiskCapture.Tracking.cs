using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;

namespace Asr.Engine.Capture;

/// <content>Disks that the workload uses directly: what a tracker tells is read from the disk later.</content>
public sealed partial class DiskCapture
{
    /// <summary>Blocks that are not wanted but read along when they lie between two that are: shorter than a request of its own would take.</summary>
    private const int GapBlocksMax = 3;

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>True for a disk that the workload uses directly.</summary>
    internal bool IsTracked => Tracker is not null;

    /// <summary>Tells what is written past this object; null for a disk whose writes all come through it.</summary>
    internal IChangeTracker? Tracker { get; }

    /// <summary>
    /// Waits for the sole right to drain the tracker and to read what is pending. Dispose what it gives to pass the right on. A disk without a tracker needs none.
    /// </summary>
    internal async ValueTask<Turn> TakeTurnAsync(CancellationToken cancellationToken)
    {
        if (Tracker is null)
        {
            return default;
        }

        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(_turn);
    }

    /// <summary>Makes pending what has been written since the last drain. Only in one's turn. Blocks for as long as the kernel's maps take to read.</summary>
    internal DrainOutcome Drain(DiskRest rest)
    {
        int blockBytes = Tracker!.BlockBytes;
        DrainOutcome outcome = Tracker.Drain(
            (first, count) =>
            {
                long offset = first * blockBytes;
                long length = Math.Min(count * blockBytes, Length - offset);
                if (length > 0)
                {
                    Ledger.NoteWritten(offset, length);
                }
            },
            rest);
        if (outcome.IsEverything)
        {
            Ledger.MakeAllPending();
        }

        return outcome;
    }

    /// <summary>Memory of the disk's queue; false when there is none now.</summary>
    internal bool TryReserve(int length, out CaptureBuffer buffer) => _arena.TryReserve(length, out buffer);

    /// <summary>Forgets what has been written, because whoever wrote it knows.</summary>
    internal void ForgetWritten() => Tracker?.Drain(static (_, _) => { }, DiskRest.Assumed);

    private async Task<bool> TakeTrackedAsync(PendingRun run, ReadOnlyMemory<byte> digests, bool replicaIsEmpty, CancellationToken cancellationToken)
    {
        ushort[] masks = Ledger.TakeMasks(run);
        bool isTaken = false;
        try
        {
            // Whatever is compared is wanted as a whole.
            isTaken = Array.TrueForAll(masks, static mask => mask == BlockMasks.Whole)
                ? await TakeRegionsAsync(run, digests, replicaIsEmpty, cancellationToken).ConfigureAwait(false)
                : await TakeBlocksAsync(run, masks, cancellationToken).ConfigureAwait(false);
            return isTaken;
        }
        finally
        {
            if (!isTaken)
            {
                Ledger.RestoreMasks(run, masks);
            }
        }
    }

    private async Task<bool> TakeBlocksAsync(PendingRun run, ushort[] masks, CancellationToken cancellationToken)
    {
        List<CapturedChange> changes = [];
        bool isQueued = false;
        try
        {
            foreach ((BlockRun read, List<BlockRun> wanted) in PlanReads(run, masks))
            {
                if (!_arena.TryReserve(read.Length, out CaptureBuffer buffer))
                {
                    return false;
                }

                try
                {
                    await Source.ReadAsync(read.Offset, buffer.Memory, cancellationToken).ConfigureAwait(false);
                    foreach (BlockRun blocks in wanted)
                    {
                        int from = (int)(blocks.Offset - read.Offset);
                        bool isZero = ZeroDetector.IsZero(buffer.Memory.Span.Slice(from, blocks.Length));
                        changes.Add(new CapturedChange(blocks.Offset, blocks.Length, isZero ? default : buffer.Share(from, blocks.Length)));
                    }
                }
                finally
                {
                    buffer.Release();
                }
            }

            isQueued = Ledger.CompleteCatchUp(run, new bool[run.Count], changes.ToArray());
            return isQueued;
        }
        finally
        {
            if (!isQueued)
            {
                Release(changes.ToArray());
            }
        }
    }

    // What to read at once, and which blocks of it are wanted.
    private List<(BlockRun Read, List<BlockRun> Wanted)> PlanReads(PendingRun run, ushort[] masks)
    {
        List<(BlockRun Read, List<BlockRun> Wanted)> plan = [];
        for (int i = 0; i < masks.Length; i++)
        {
            foreach (BlockRun blocks in BlockMasks.RunsOf(run.First + i, masks[i], Length))
            {
                Add(blocks);
            }
        }

        return plan;

        void Add(BlockRun blocks)
        {
            if (plan.Count > 0 && plan[^1] is var (read, wanted)
                && blocks.Offset - (read.Offset + read.Length) <= GapBlocksMax * BlockMasks.BlockBytes
                && blocks.Offset + blocks.Length - read.Offset <= ContentRegionsMax * ReplicationLimits.DigestRegionBytes)
            {
                if (wanted[^1].Offset + wanted[^1].Length == blocks.Offset)
                {
                    wanted[^1] = new BlockRun(wanted[^1].Offset, wanted[^1].Length + blocks.Length);
                }
                else
                {
                    wanted.Add(blocks);
                }

                plan[^1] = (new BlockRun(read.Offset, (int)(blocks.Offset + blocks.Length - read.Offset)), wanted);
            }
            else
            {
                plan.Add((blocks, [blocks]));
            }
        }
    }

    /// <summary>The sole right to drain and read; ends when disposed.</summary>
    internal readonly struct Turn(SemaphoreSlim? turn) : IDisposable
    {
        public void Dispose() => turn?.Release();
    }
}
