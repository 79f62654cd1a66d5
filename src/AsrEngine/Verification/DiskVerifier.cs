using System;
using System.Buffers;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Ingest;
using Asr.Engine.Pacing;
using Asr.Engine.Shipping;

namespace Asr.Engine.Verification;

/// <summary>
/// Compares one disk with its replica at a recovery point that was made while the disk's ledger was watching already. A region is judged only with the proof that nothing was written to it between the
/// instant that the replica is taken at and the end of its reading. Those untouched since the watch began are compared with the point itself; the others, again and again and in ever smaller
/// portions, with the place of the stream at which they were last seen untouched. What differs is read once more, block by block and under the same proof, before it counts.
/// </summary>
internal sealed class DiskVerifier(
    DiskShipper shipper, Guid pointId, IReplicaSource replica, BandwidthBudget budget, VerificationTally tally, ShippingOptions options, TimeProvider time)
{
    private const int RegionBytes = ReplicationLimits.DigestRegionBytes;

    /// <summary>Read at once: 1 MiB.</summary>
    private const int PieceRegions = DiskCapture.CatchUpRegionsMax;

    /// <summary>Compared with the point in one question: 64 MiB.</summary>
    private const int ChunkRegions = 1024;

    /// <summary>Compared with one place of the stream, in the first pass over what was written meanwhile: 16 MiB. A place has to be opened for it.</summary>
    private const int BatchRegions = 256;

    /// <summary>Passes without any result, each a pause after the other, before what is left is given up.</summary>
    private const int StalledPassesMax = 30;

    private readonly RegionBitmap _later = new((shipper.Capture.Length + RegionBytes - 1) / RegionBytes);

    private CaptureLedger Ledger => shipper.Capture.Ledger;

    private bool IsTracked => shipper.Capture.IsTracked;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (long first = 0; first < _later.Count; first += ChunkRegions)
        {
            await CompareWithPointAsync(Run(first, (int)Math.Min(ChunkRegions, _later.Count - first), RegionBytes), cancellationToken).ConfigureAwait(false);
        }

        await CompareLaterAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task CompareWithPointAsync(WatchedRun run, CancellationToken cancellationToken)
    {
        await ReadAsync([run], isWatchedAnew: false, cancellationToken).ConfigureAwait(false);
        byte[] theirs = await AskAsync(run, new DigestRequest { RecoveryPointId = pointId }, cancellationToken).ConfigureAwait(false) ?? [];
        List<long> differing = [];
        for (int i = 0; i < run.Count; i++)
        {
            if (!run.IsStill[i])
            {
                _later.Set(run.First + i);
            }
            else if (!run.IsEqual(i, theirs) && run.HashedBytes == RegionBytes)
            {
                differing.Add(run.First + i);
            }
            else
            {
                Note(run, i, theirs, isAtPoint: true);
            }
        }

        foreach ((long first, int count) in Adjacent(differing))
        {
            await CompareWithPointAsync(Run(first, count, ReplicationLimits.DigestBlockBytes), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CompareLaterAsync(CancellationToken cancellationToken)
    {
        int stalled = 0;
        for (int pass = 0; !_later.IsEmpty && stalled < StalledPassesMax; pass++)
        {
            long before = _later.SetCount;
            for (long next = _later.NextSet(0); next >= 0;)
            {
                List<WatchedRun> batch = TakeBatch(next, pass);
                next = _later.NextSet(batch[^1].First + batch[^1].Count);
                await CompareInStreamAsync(batch, isAlone: pass > 0, cancellationToken).ConfigureAwait(false);
            }

            // While a copy or a comparison runs, everything is in doubt; it ends by itself.
            bool isDoubted = shipper.ProgressPercent is not null;
            stalled = _later.SetCount < before ? 0 : isDoubted ? stalled : stalled + 1;
            if (stalled > 0 || isDoubted)
            {
                await Task.Delay(options.CheckInterval, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private List<WatchedRun> TakeBatch(long from, int pass)
    {
        int regionsMax = pass switch
        {
            0 => BatchRegions,
            1 => PieceRegions,

            // A tracked disk cannot be held: the shorter the look, the likelier that nothing is written meanwhile.
            _ => IsTracked ? 1 : PieceRegions,
        };
        List<WatchedRun> batch = [];
        int regions = 0;
        for (long next = _later.NextSet(from); next >= 0 && regions < regionsMax && (pass == 0 || batch.Count == 0);)
        {
            int count = 1;
            while (count < Math.Min(PieceRegions, regionsMax - regions) && next + count < _later.Count && _later[next + count])
            {
                count++;
            }

            batch.Add(Run(next, count, RegionBytes));
            regions += count;
            next = _later.NextSet(next + count);
        }

        return batch;
    }

    private async Task CompareInStreamAsync(IReadOnlyList<WatchedRun> runs, bool isAlone, CancellationToken cancellationToken)
    {
        CaptureInstant place = isAlone && !IsTracked
            ? await ReadHeldAsync(runs[0], cancellationToken).ConfigureAwait(false)
            : await ReadAsync(runs, isWatchedAnew: true, cancellationToken).ConfigureAwait(false);
        if (await LocateAsync(place, cancellationToken).ConfigureAwait(false) is not { } position)
        {
            return;
        }

        foreach (WatchedRun run in runs)
        {
            await CompareInStreamAsync(run, position, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CompareInStreamAsync(WatchedRun run, StreamPosition position, CancellationToken cancellationToken)
    {
        bool[] isProven = new bool[run.Count];
        for (int i = 0; i < run.Count; i++)
        {
            isProven[i] = run.IsStill[i] && run.IsInStream[i];
        }

        if (Array.IndexOf(isProven, true) < 0
            || await AskAsync(run, new DigestRequest { Position = position }, cancellationToken).ConfigureAwait(false) is not { } theirs)
        {
            return;
        }

        List<long> differing = [];
        for (int i = 0; i < run.Count; i++)
        {
            if (isProven[i] && !run.IsEqual(i, theirs) && run.HashedBytes == RegionBytes)
            {
                differing.Add(run.First + i);
            }
            else if (isProven[i])
            {
                Note(run, i, theirs, isAtPoint: false);
                _later.Clear(run.First + i);
            }
        }

        foreach ((long first, int count) in Adjacent(differing))
        {
            await CompareInStreamAsync([Run(first, count, ReplicationLimits.DigestBlockBytes)], isAlone: true, cancellationToken).ConfigureAwait(false);
        }
    }

    private void Note(WatchedRun run, int region, byte[] theirs, bool isAtPoint)
    {
        if (run.IsEqual(region, theirs))
        {
            tally.NoteEqual(run.First + region, isAtPoint);
        }
        else
        {
            tally.NoteDifferent(run.First + region, run.Differences(region, theirs), isAtPoint);
        }
    }

    // Beside the workload's writes; what they touch meanwhile is not judged.
    private async Task<CaptureInstant> ReadAsync(IReadOnlyList<WatchedRun> runs, bool isWatchedAnew, CancellationToken cancellationToken)
    {
        // What has been written is told, and in the stream. A write that has not ended is told again.
        await TellWrittenAsync(cancellationToken).ConfigureAwait(false);
        foreach (WatchedRun run in runs)
        {
            if (isWatchedAnew)
            {
                // Before it is waited for writes: one that begins after this touches its regions, one that began before is waited for.
                Ledger.WatchAnew(run.First, run.Count);
            }

            await HashAsync(run, isHeld: false, cancellationToken).ConfigureAwait(false);
        }

        await TellWrittenAsync(cancellationToken).ConfigureAwait(false);
        return LookAt(runs);
    }

    // No one writes to the run meanwhile: for as long as it takes to read 1 MiB, as catch-up does.
    private async Task<CaptureInstant> ReadHeldAsync(WatchedRun run, CancellationToken cancellationToken)
    {
        await SpendAsync(run.Length, cancellationToken).ConfigureAwait(false);
        using RangeLock.Holder range = await shipper.Capture.HoldAsync(run.Offset, run.Length, cancellationToken).ConfigureAwait(false);
        Ledger.WatchAnew(run.First, run.Count);
        await HashAsync(run, isHeld: true, cancellationToken).ConfigureAwait(false);
        return LookAt([run]);
    }

    private Task TellWrittenAsync(CancellationToken cancellationToken) => IsTracked ? shipper.CatchUpNowAsync(cancellationToken) : Task.CompletedTask;

    private CaptureInstant LookAt(IReadOnlyList<WatchedRun> runs)
    {
        CaptureInstant place = default;

        // One moment for all of them: the place is that at which each was looked at.
        lock (Ledger.Gate)
        {
            foreach (WatchedRun run in runs)
            {
                place = Ledger.LookAtWatch(run.First, run.IsStill, run.IsInStream);
            }
        }

        return place;
    }

    private async Task HashAsync(WatchedRun run, bool isHeld, CancellationToken cancellationToken)
    {
        run.Ours = new byte[run.HashCount * ReplicationLimits.DigestBytes];
        byte[] content = ArrayPool<byte>.Shared.Rent(PieceRegions * RegionBytes);
        try
        {
            for (int from = 0; from < run.Length; from += PieceRegions * RegionBytes)
            {
                Memory<byte> piece = content.AsMemory(0, Math.Min(PieceRegions * RegionBytes, run.Length - from));
                await ReadPieceAsync(run.Offset + from, piece, isHeld, cancellationToken).ConfigureAwait(false);
                for (int at = 0; at < piece.Length; at += run.HashedBytes)
                {
                    ReadOnlySpan<byte> hashed = piece.Span[at..Math.Min(piece.Length, at + run.HashedBytes)];
                    RegionDigests.Hash(hashed).CopyTo(run.Ours, (from + at) / run.HashedBytes * ReplicationLimits.DigestBytes);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(content);
        }
    }

    private async Task ReadPieceAsync(long offset, Memory<byte> piece, bool isHeld, CancellationToken cancellationToken)
    {
        tally.NoteRead(piece.Length);
        if (isHeld)
        {
            await shipper.Capture.Source.ReadAsync(offset, piece, cancellationToken).ConfigureAwait(false);
            return;
        }

        await SpendAsync(piece.Length, cancellationToken).ConfigureAwait(false);
        if (!IsTracked)
        {
            await shipper.Capture.WaitForWritesAsync(offset, piece.Length, cancellationToken).ConfigureAwait(false);
        }

        using (IoPriority.Use(IoClass.Idle))
        {
            await shipper.Capture.Source.ReadAsync(offset, piece, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SpendAsync(int bytes, CancellationToken cancellationToken)
    {
        await budget.SpendAsync(bytes, cancellationToken).ConfigureAwait(false);
        await shipper.Bandwidth.Reads.SpendAsync(bytes, cancellationToken).ConfigureAwait(false);
    }

    // Null when the stream has broken off there.
    private async Task<StreamPosition?> LocateAsync(CaptureInstant place, CancellationToken cancellationToken)
    {
        while (place.IsComplete && shipper.HasReceived(place) is { } hasReceived)
        {
            if (hasReceived)
            {
                return shipper.PositionOf(place);
            }

            shipper.Flush(place.Sequence);
            await Task.Delay(options.ProgressInterval, time, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    // Null when the replica cannot be had at that place of the stream any more; another one will do.
    private async Task<byte[]?> AskAsync(WatchedRun run, DigestRequest at, CancellationToken cancellationToken)
    {
        DigestRequest request = at with { Offset = run.Offset, Count = run.HashCount, RegionBytes = run.HashedBytes };
        RetryPause pause = new(options, time);
        while (true)
        {
            try
            {
                byte[] theirs = await replica.GetDigestsAsync(shipper.Capture.Id, request, cancellationToken).ConfigureAwait(false);
                return theirs.Length == run.Ours.Length
                    ? theirs
                    : throw new AsrException(AsrErrorCode.DiskSizeChanged, $"The replica of disk '{shipper.Capture.Name}' has another size than the disk.", "Protect the disk anew.", shipper.Capture.Name);
            }
            catch (AsrException error) when (at.Position is not null && error.Code is AsrErrorCode.SessionLost or AsrErrorCode.RecoveryPointUnavailable)
            {
                return null;
            }
            catch (Exception error) when (IsWorthRetrying(error) && !cancellationToken.IsCancellationRequested)
            {
                await pause.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static bool IsWorthRetrying(Exception error) => error is not AsrException
    {
        Code: AsrErrorCode.RecoveryPointUnavailable or AsrErrorCode.NotFound or AsrErrorCode.InvalidArgument or AsrErrorCode.Forbidden or AsrErrorCode.OperationNotAllowed
            or AsrErrorCode.DiskSizeChanged or AsrErrorCode.SegmentCorrupt or AsrErrorCode.SegmentMissing or AsrErrorCode.VaultDocumentCorrupt
    };

    private static IEnumerable<(long First, int Count)> Adjacent(List<long> regions)
    {
        for (int i = 0; i < regions.Count;)
        {
            int count = 1;
            while (count < PieceRegions && i + count < regions.Count && regions[i + count] == regions[i] + count)
            {
                count++;
            }

            yield return (regions[i], count);
            i += count;
        }
    }

    private WatchedRun Run(long first, int count, int hashedBytes) => new(first, count, hashedBytes, shipper.Capture.Length);
}
