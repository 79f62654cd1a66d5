using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Microsoft.Extensions.Logging;

namespace Asr.Engine.Shipping;

/// <summary>
/// Takes an instant of several disks. Disks whose writes come through the capture are complete between any two writes. Tracked disks are brought to rest for it: passes while the
/// workload writes, until little is left; then their file systems are frozen, the trackers drained, the rest is copied to memory, the file systems
/// thawed. One caller at a time.
/// </summary>
internal sealed class InstantTaker(IQuiescence? quiescence, ShippingOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>Passes before the rest. Each leaves what was written during it; they end when that is little or stops getting less.</summary>
    private const int PassesMax = 4;

    private const long LittleBytes = 2 << 20;

    private RestCopy? _copy;
    private long _lastRestTicks;

    /// <summary>How long the file systems were frozen for the last instant; zero before the first.</summary>
    public TimeSpan LastRest => new(Interlocked.Read(ref _lastRestTicks));

    /// <summary>An instant at which every disk is complete, or null when there is none now: ask again a little later.</summary>
    /// <exception cref="AsrException">A file system cannot be frozen.</exception>
    public async Task<MachinePlaces?> TakeAsync(IReadOnlyList<DiskShipper> disks, CancellationToken cancellationToken)
    {
        DiskShipper[] tracked = [.. disks.Where(disk => disk.Capture.IsTracked).OrderBy(disk => disk.Capture.Id)];
        if (tracked.Length > 0)
        {
            return await TakeAtRestAsync(disks, tracked, cancellationToken).ConfigureAwait(false);
        }

        (DateTimeOffset now, CaptureInstant[] places) = StreamBarrier.Take([.. disks.Select(disk => disk.Capture)], time);
        return Array.TrueForAll(places, place => place.IsComplete) ? new MachinePlaces(now, places) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _copy?.Dispose();

    private async Task<MachinePlaces?> TakeAtRestAsync(IReadOnlyList<DiskShipper> disks, DiskShipper[] tracked, CancellationToken cancellationToken)
    {
        if (!disks.All(disk => disk.IsInSync))
        {
            return null;
        }

        await ApproachAsync(tracked, cancellationToken).ConfigureAwait(false);
        List<DiskCapture.Turn> turns = [];
        try
        {
            foreach (DiskShipper disk in tracked)
            {
                turns.Add(await disk.Capture.TakeTurnAsync(cancellationToken).ConfigureAwait(false));
            }

            _copy ??= new RestCopy();
            _copy.Clear();
            Rest? rest = await Task.Factory.StartNew(() => CopyAtRest(_copy, disks, tracked), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
            return rest is not null && await CompleteAsync(_copy, rest, tracked, cancellationToken).ConfigureAwait(false) ? Places(rest, disks, tracked) : null;
        }
        finally
        {
            foreach (DiskShipper disk in tracked)
            {
                disk.Capture.Ledger.IsHeld = false;
            }

            turns.ForEach(static turn => turn.Dispose());
        }
    }

    private async Task ApproachAsync(DiskShipper[] tracked, CancellationToken cancellationToken)
    {
        if (quiescence is not null)
        {
            await Task.Run(() => quiescence.WriteBack(Devices(tracked)), cancellationToken).ConfigureAwait(false);
        }

        long before = long.MaxValue;
        for (int pass = 0; pass < PassesMax; pass++)
        {
            await Task.WhenAll(tracked.Select(disk => disk.CatchUpNowAsync(cancellationToken))).ConfigureAwait(false);
            long left = tracked.Sum(disk => disk.Capture.Tracker!.WrittenBytes);
            if (left <= LittleBytes || left > before / 2)
            {
                return;
            }

            before = left;
        }
    }

    // On a thread of its own, and without a line of log: whatever waits for a frozen file system must not be this.
    private Rest? CopyAtRest(RestCopy copy, IReadOnlyList<DiskShipper> disks, DiskShipper[] tracked)
    {
        long began = Stopwatch.GetTimestamp();
        DrainOutcome[] outcomes = new DrainOutcome[tracked.Length];
        int[] generations = new int[tracked.Length];
        bool isCopied = true;
        Rest rest;
        using (IQuietMoment? moment = quiescence?.Begin(Devices(tracked), options.FreezeBudget))
        {
            DateTimeOffset since = moment is { FileSystems.Count: > 0 } ? moment.Since : time.GetUtcNow();
            DiskCapture[] ordered = [.. disks.Where(disk => !disk.Capture.IsTracked).Select(disk => disk.Capture)];
            rest = new Rest(since, generations, ordered.Length == 0 ? [] : StreamBarrier.Take(ordered, time).Disks);
            for (int i = 0; i < tracked.Length; i++)
            {
                DiskCapture disk = tracked[i].Capture;
                outcomes[i] = disk.Drain(moment?.Covers(disk.Tracker!.DevicePath) == true ? DiskRest.Frozen : DiskRest.Assumed);
                isCopied &= !outcomes[i].IsUnderWay && copy.TryAdd(disk, out generations[i]);
            }

            if (isCopied)
            {
                copy.Read();
            }

            // A write that fell into the reading makes a mixture of it; so does a thaw before its end.
            isCopied &= Array.TrueForAll(tracked, static disk => disk.Capture.Tracker!.WrittenBytes == 0);
            isCopied &= moment?.End() ?? true;
        }

        Interlocked.Exchange(ref _lastRestTicks, Stopwatch.GetElapsedTime(began).Ticks);
        bool isReliable = true;
        for (int i = 0; i < tracked.Length; i++)
        {
            isReliable &= tracked[i].Judge(outcomes[i]);
        }

        return isCopied && isReliable ? rest : null;
    }

    private async Task<bool> CompleteAsync(RestCopy copy, Rest rest, DiskShipper[] tracked, CancellationToken cancellationToken)
    {
        for (int i = 0; i < tracked.Length; i++)
        {
            DiskCapture disk = tracked[i].Capture;
            List<CapturedChange> changes = await copy.TakeAsync(disk, options.FlushInterval, time, cancellationToken).ConfigureAwait(false);
            if (!disk.Ledger.CompleteAtRest(changes.ToArray(), rest.Generations[i]))
            {
                changes.ForEach(static change => change.Content.Release());
                ShippingLog.RestDropped(logger, disk.Id);
                return false;
            }
        }

        return true;
    }

    private MachinePlaces? Places(Rest rest, IReadOnlyList<DiskShipper> disks, DiskShipper[] tracked)
    {
        CaptureInstant[] atRest = StreamBarrier.Take([.. tracked.Select(disk => disk.Capture)], time).Disks;
        CaptureInstant[] places = new CaptureInstant[disks.Count];
        int ordered = 0;
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = disks[i].Capture.IsTracked ? atRest[Array.IndexOf(tracked, disks[i])] : rest.Ordered[ordered++];
        }

        return Array.TrueForAll(places, static place => place.IsComplete) ? new MachinePlaces(rest.Since, places) : null;
    }

    private static string[] Devices(DiskShipper[] tracked) => Array.ConvertAll(tracked, static disk => disk.Capture.Tracker!.DevicePath);

    private sealed record Rest(DateTimeOffset Since, int[] Generations, CaptureInstant[] Ordered);
}

/// <summary>An instant of a machine.</summary>
/// <param name="Time">When; never later than a write that it lacks.</param>
/// <param name="Places">Where each disk's stream stood.</param>
internal sealed record MachinePlaces(DateTimeOffset Time, CaptureInstant[] Places);
