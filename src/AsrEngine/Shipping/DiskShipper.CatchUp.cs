using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <content>Catch-up: pending regions into the stream, comparing first where that is worth it.</content>
internal sealed partial class DiskShipper
{
    private const int DrainTurnsMax = 100;

    private static readonly TimeSpan DrainInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Pieces of 1 MiB that are read at once.</summary>
    private const int PiecesAheadMax = 4;

    // The replica had no change when the stream began. Then a region that has been in no change is zeros there.
    private volatile bool _replicaIsEmpty;

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        RetryPause pause = new(_options, _time);
        CatchUpPace pace = new(_time);
        pace.Begin(Ledger.RegionsPassedBy);
        long next = 0;
        bool hadErrors = false;
        await BeginTrackingAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            using (await Capture.TakeTurnAsync(cancellationToken).ConfigureAwait(false))
            {
                PendingRun run = Ledger.NextRun(next, ReplicationLimits.DigestRegionsMax);
                if (run.Count > 0)
                {
                    hadErrors |= !await TakeRunAsync(run, pace, cancellationToken).ConfigureAwait(false);
                    next = run.First + run.Count;
                    continue;
                }
            }

            // The end of a pass.
            next = 0;
            if (hadErrors)
            {
                hadErrors = false;
                await pause.WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            _diskError = null;
            pause.Reset();
            if (Ledger.PendingRegions == 0)
            {
                EndPhase();
                await WaitForRegionsAsync(cancellationToken).ConfigureAwait(false);
                pace.Begin(Ledger.RegionsPassedBy);
            }
        }
    }

    private Task WaitForRegionsAsync(CancellationToken cancellationToken) => Capture.IsTracked
        ? RefillAsync(cancellationToken)
        : Ledger.RegionsWaiting.WaitAsync(Timeout.InfiniteTimeSpan, _time, cancellationToken);

    // False when some of the run could not be read; the error is kept for the report and the rest goes on.
    private async Task<bool> TakeRunAsync(PendingRun run, CatchUpPace pace, CancellationToken cancellationToken)
    {
        bool replicaIsEmpty = _replicaIsEmpty;
        byte[] digests = run.IsCompared && !replicaIsEmpty ? await AskReplicaAsync(run, cancellationToken).ConfigureAwait(false) : [];
        if (run.IsCompared && replicaIsEmpty)
        {
            try
            {
                await Capture.SkipHolesAsync(run, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                NoteDiskError(error);
                return false;
            }
        }

        return await TakePiecesAsync(run, digests, replicaIsEmpty, pace, cancellationToken).ConfigureAwait(false);
    }

    private async Task<byte[]> AskReplicaAsync(PendingRun run, CancellationToken cancellationToken)
    {
        DigestRequest request = new() { Offset = run.First * ReplicationLimits.DigestRegionBytes, Count = run.Count };
        RetryPause pause = new(_options, _time);
        while (true)
        {
            try
            {
                return await _replica.GetDigestsAsync(Capture.Id, request, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (IsWorthRetrying(error) && !cancellationToken.IsCancellationRequested)
            {
                _linkError = AsrError.From(error);
                ShippingLog.ComparisonFailed(_logger, Capture.Id, error);
            }

            await pause.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> TakePiecesAsync(PendingRun whole, byte[] digests, bool replicaIsEmpty, CatchUpPace pace, CancellationToken cancellationToken)
    {
        bool allTaken = true;
        long end = whole.First + whole.Count;
        List<Task<bool>> underWay = [];
        try
        {
            for (long at = whole.First; at < end;)
            {
                // Looked up again: writes, or the skipping of holes, may have changed what is pending in the meantime.
                PendingRun piece = Ledger.NextRun(at, (int)Math.Min(DiskCapture.CatchUpRegionsMax, end - at));
                if (piece.Count == 0 || piece.First >= end)
                {
                    break;
                }

                piece = piece.Slice(0, (int)Math.Min(piece.Count, end - piece.First)) with { Generation = whole.Generation };
                at = piece.First + piece.Count;
                int from = (int)Math.Min(digests.Length, (piece.First - whole.First) * ReplicationLimits.DigestBytes);
                while (!Capture.HasRoomForCatchUp)
                {
                    await _room.WaitAsync(_options.FlushInterval, _time, cancellationToken).ConfigureAwait(false);
                }

                if (piece.IsCompared || !Capture.IsTracked)
                {
                    // Of what a tracker told only some blocks are read, and all of them are sent.
                    await Bandwidth.Reads.SpendAsync((long)piece.Count * ReplicationLimits.DigestRegionBytes, cancellationToken).ConfigureAwait(false);
                }

                // What is cached is read at once. A medium that has to be waited for is asked for several pieces.
                underWay.Add(TakePieceAsync(piece, digests.AsMemory(from), replicaIsEmpty, cancellationToken));
                while (underWay.Count >= PiecesAheadMax || underWay.Exists(static taking => taking.IsCompleted))
                {
                    Task<bool> taken = await Task.WhenAny(underWay).ConfigureAwait(false);
                    underWay.Remove(taken);
                    allTaken &= await taken.ConfigureAwait(false);
                }

                if (pace.IsOutrun(piece.Count, Ledger.RegionsPassedBy))
                {
                    await RestAsync(pace, cancellationToken).ConfigureAwait(false);
                }
            }

            bool[] last = await Task.WhenAll(underWay).ConfigureAwait(false);
            return allTaken && Array.TrueForAll(last, static taken => taken);
        }
        finally
        {
            await ((Task)Task.WhenAll(underWay)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> TakePieceAsync(PendingRun piece, ReadOnlyMemory<byte> digests, bool replicaIsEmpty, CancellationToken cancellationToken)
    {
        try
        {
            // Whoever writes to a disk that is served waits for the reading of its range; to one that is tracked nobody does, and a first copy is in no hurry.
            using IoPriority.Scope priority = IoPriority.Use(Capture.IsTracked && piece.IsCompared ? IoClass.Low : IoClass.Usual);
            while (!await Capture.CatchUpAsync(piece, digests, replicaIsEmpty, cancellationToken).ConfigureAwait(false))
            {
                // The workload has taken the memory in the meantime.
                await Task.Delay(_options.FlushInterval, _time, cancellationToken).ConfigureAwait(false);
            }

            return true;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            NoteDiskError(error);
            return false;
        }
    }

    private async Task RestAsync(CatchUpPace pace, CancellationToken cancellationToken)
    {
        // What waits in memory would keep the processor busy all through the rest. The workload's own changes may never let the queue empty.
        for (int turn = 0; turn < DrainTurnsMax && QueuedBytes > BatchRawBytes; turn++)
        {
            await Task.Delay(DrainInterval, _time, cancellationToken).ConfigureAwait(false);
        }

        await Task.Delay(pace.Rest(), _time, cancellationToken).ConfigureAwait(false);
        pace.Begin(Ledger.RegionsPassedBy);
    }

    private void NoteDiskError(Exception error)
    {
        AsrException known = error as AsrException ?? new AsrException(
            AsrErrorCode.DiskUnreadable,
            $"Disk '{Capture.Name}' cannot be read: {error.Message}",
            "Check the disk; the regions concerned are tried again, and no recovery point is made until they are read.",
            Capture.Name,
            error);
        _diskError = AsrError.From(known);
        ShippingLog.DiskUnreadable(_logger, Capture.Id, known);
    }
}
