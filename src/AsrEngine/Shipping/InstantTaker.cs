using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Runtime.ExceptionServices;
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

    // While other machines get ready: often enough that what is written between two passes can be copied at rest, and that to freeze has little to write back.
    private static readonly TimeSpan PassInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WriteBackInterval = TimeSpan.FromSeconds(1);

    // So that this process thaws by itself, and not its watchdog.
    private static readonly TimeSpan ThawTime = TimeSpan.FromMilliseconds(50);

    private RestCopy? _copy;
    private long _lastRestTicks;

    /// <summary>How long the file systems were frozen for the last instant; zero before the first.</summary>
    public TimeSpan LastRest => new(Interlocked.Read(ref _lastRestTicks));

    /// <summary>An instant at which every disk is complete, or null when there is none now: ask again a little later.</summary>
    /// <exception cref="AsrException">A file system cannot be frozen.</exception>
    public Task<MachinePlaces?> TakeAsync(IReadOnlyList<DiskShipper> disks, CancellationToken cancellationToken) => TakeAsync(disks, null, cancellationToken);

    /// <summary>The same at a moment at which other machines are at rest too: every disk is held still until <paramref name="shared"/> says that all are.</summary>
    /// <exception cref="AsrException">A file system cannot be frozen, or the machines were not all at rest within the budget.</exception>
    public async Task<MachinePlaces?> TakeAsync(IReadOnlyList<DiskShipper> disks, ISharedRest? shared, CancellationToken cancellationToken)
    {
        DiskShipper[] tracked = [.. disks.Where(disk => disk.Capture.IsTracked).OrderBy(disk => disk.Capture.Id)];
        if (tracked.Length > 0)
        {
            return await TakeAtRestAsync(disks, tracked, shared, cancellationToken).ConfigureAwait(false);
        }

        if (shared is not null)
        {
            return await TakeHeldAsync(disks, shared, cancellationToken).ConfigureAwait(false);
        }

        (DateTimeOffset now, CaptureInstant[] places) = StreamBarrier.Take([.. disks.Select(disk => disk.Capture)], time);
        return Array.TrueForAll(places, place => place.IsComplete) ? new MachinePlaces(now, places, TimeSpan.Zero) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _copy?.Dispose();

    // Disks whose writes come through here need no freeze: their writes wait.
    private async Task<MachinePlaces?> TakeHeldAsync(IReadOnlyList<DiskShipper> disks, ISharedRest shared, CancellationToken cancellationToken)
    {
        DiskCapture[] captures = [.. disks.Select(disk => disk.Capture)];
        if (!Array.TrueForAll(StreamBarrier.Take(captures, time).Disks, static place => place.IsComplete))
        {
            return null;
        }

        await shared.ReadyAsync(cancellationToken).ConfigureAwait(false);
        long began = Stopwatch.GetTimestamp();
        using WriteHold hold = await WriteHold.TakeAsync(captures, options.FreezeBudget, cancellationToken).ConfigureAwait(false);
        (DateTimeOffset now, CaptureInstant[] places) = StreamBarrier.Take(captures, time);
        if (!Array.TrueForAll(places, static place => place.IsComplete))
        {
            return null;
        }

        await shared.AtRestAsync(Left(began), cancellationToken).ConfigureAwait(false);
        return new MachinePlaces(now, places, Stopwatch.GetElapsedTime(began));
    }

    private TimeSpan Left(long began) => options.FreezeBudget - ThawTime - Stopwatch.GetElapsedTime(began);

    private async Task<MachinePlaces?> TakeAtRestAsync(IReadOnlyList<DiskShipper> disks, DiskShipper[] tracked, ISharedRest? shared, CancellationToken cancellationToken)
    {
        if (!disks.All(disk => disk.IsInSync))
        {
            return null;
        }

        long left = await ApproachAsync(tracked, cancellationToken).ConfigureAwait(false);
        if (shared is null && left > RestCopy.BytesMax)
        {
            // The workload writes faster than it is shipped. A freeze could not succeed, and one after another would stall the workload for nothing.
            return null;
        }

        if (shared is not null)
        {
            await StayCloseAsync(tracked, shared.ReadyAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        List<DiskCapture.Turn> turns = [];
        try
        {
            foreach (DiskShipper disk in tracked)
            {
                turns.Add(await disk.Capture.TakeTurnAsync(cancellationToken).ConfigureAwait(false));
            }

            // Of a single machine the order of its served disks is enough; those of several agree on a moment only if their writes wait for it.
            using WriteHold? hold = shared is null ? null
                : await WriteHold.TakeAsync([.. disks.Where(disk => !disk.Capture.IsTracked).Select(disk => disk.Capture)], options.FreezeBudget, cancellationToken).ConfigureAwait(false);

            _copy ??= new RestCopy();
            _copy.Clear();
            Rest? rest = await Task.Factory.StartNew(() => CopyAtRest(_copy, disks, tracked, shared), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
            hold?.Dispose();
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

    // Bytes that are left.
    private async Task<long> ApproachAsync(DiskShipper[] tracked, CancellationToken cancellationToken)
    {
        if (quiescence is not null)
        {
            await Task.Run(() => quiescence.WriteBack(Devices(tracked)), cancellationToken).ConfigureAwait(false);
        }

        long left = long.MaxValue;
        for (int pass = 0; pass < PassesMax; pass++)
        {
            long before = left;
            await Task.WhenAll(tracked.Select(disk => disk.CatchUpNowAsync(cancellationToken))).ConfigureAwait(false);
            left = tracked.Sum(disk => disk.Capture.Tracker!.WrittenBytes);
            if (left <= LittleBytes || left > before / 2)
            {
                break;
            }
        }

        return left;
    }

    // Until it is time: what is written meanwhile is taken up, so that little is left then. A pass that is under way when the time comes is not waited for; what it has not read is copied at rest.
    private async Task StayCloseAsync(DiskShipper[] tracked, Task ready, CancellationToken cancellationToken)
    {
        long wroteBack = Stopwatch.GetTimestamp();
        while (await Task.WhenAny(ready, Task.Delay(PassInterval, time, cancellationToken)).ConfigureAwait(false) != ready)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (quiescence is not null && Stopwatch.GetElapsedTime(wroteBack) >= WriteBackInterval)
            {
                await Task.Run(() => quiescence.WriteBack(Devices(tracked)), cancellationToken).ConfigureAwait(false);
                wroteBack = Stopwatch.GetTimestamp();
            }

            await Task.WhenAny(ready, Task.WhenAll(tracked.Select(disk => disk.CatchUpNowAsync(cancellationToken)))).ConfigureAwait(false);
        }

        await ready.ConfigureAwait(false);
    }

    // On a thread of its own, and without a line of log: whatever waits for a frozen file system must not be this.
    private Rest? CopyAtRest(RestCopy copy, IReadOnlyList<DiskShipper> disks, DiskShipper[] tracked, ISharedRest? shared)
    {
        ExceptionDispatchInfo? fault = null;
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
                // Told first: the way to the other machines and back takes as long as the reading.
                Task? allAtRest = shared?.AtRestAsync(Left(began), CancellationToken.None);
                copy.Read();
                fault = Await(allAtRest, Left(began));
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

        // Only now: what the drains said is not to be lost because other machines were not ready.
        fault?.Throw();
        return isCopied && isReliable ? rest with { Length = Stopwatch.GetElapsedTime(began) } : null;
    }

    // Whatever becomes of the answer: once the time is over this machine goes on.
    private static ExceptionDispatchInfo? Await(Task? allAtRest, TimeSpan left)
    {
        try
        {
            return allAtRest is null || allAtRest.Wait(left > TimeSpan.Zero ? left : TimeSpan.Zero)
                ? null
                : ExceptionDispatchInfo.Capture(new AsrException(
                    AsrErrorCode.ConsistencyRoundFailed, "The appliance did not tell in time that all machines are at rest.", "Check the network between the machine and the appliance; the next round tries again."));
        }
        catch (AggregateException error)
        {
            return ExceptionDispatchInfo.Capture(error.InnerExceptions[0]);
        }
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

        return Array.TrueForAll(places, static place => place.IsComplete) ? new MachinePlaces(rest.Since, places, rest.Length) : null;
    }

    private static string[] Devices(DiskShipper[] tracked) => Array.ConvertAll(tracked, static disk => disk.Capture.Tracker!.DevicePath);

    private sealed record Rest(DateTimeOffset Since, int[] Generations, CaptureInstant[] Ordered)
    {
        public TimeSpan Length { get; init; }
    }
}

/// <summary>An instant of a machine.</summary>
/// <param name="Time">When; never later than a write that it lacks.</param>
/// <param name="Places">Where each disk's stream stood.</param>
/// <param name="Rest">How long the machine was at rest for it; zero when it was not.</param>
internal sealed record MachinePlaces(DateTimeOffset Time, CaptureInstant[] Places, TimeSpan Rest);
