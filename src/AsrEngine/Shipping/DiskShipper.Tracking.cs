using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <content>Tracked disks: asking the tracker, and what follows from its doubts.</content>
internal sealed partial class DiskShipper
{
    private readonly AsyncSignal _drainWanted = new();
    private readonly Lock _passGate = new();
    private TaskCompletionSource? _passWanted;
    private TaskCompletionSource? _passUnderWay;
    private bool _hasBegunTracking;

    /// <summary>Has what was written up to now brought into the stream; ends when that is done. Writes go on meanwhile.</summary>
    public Task CatchUpNowAsync(CancellationToken cancellationToken)
    {
        lock (_passGate)
        {
            _passWanted ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _drainWanted.Set();
            return _passWanted.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Answers what a drain says. A loss, or a first rest after something was read, makes everything pending that is not, to be compared; until that is done no
    /// point is made. True when the tracking can be relied on.
    /// </summary>
    public bool Judge(DrainOutcome outcome)
    {
        string? reason = outcome.Loss
            ?? (outcome.IsFirstRest ? "Writes from before the tracking may have ended after the disk was read." : null);
        if (reason is null)
        {
            return true;
        }

        CompareAll(reason);
        return false;
    }

    // What was under way when the tracking began is told by nobody. A moment of rest before anything is read settles that.
    private async Task BeginTrackingAsync(CancellationToken cancellationToken)
    {
        if (!Capture.IsTracked || _hasBegunTracking)
        {
            return;
        }

        using (await Capture.TakeTurnAsync(cancellationToken).ConfigureAwait(false))
        {
            DrainOutcome outcome = await Task.Run(DrainAtRest, cancellationToken).ConfigureAwait(false);
            _hasBegunTracking = true;
            Judge(outcome with { IsFirstRest = outcome.IsFirstRest && !Capture.Tracker!.IsNew });
        }
    }

    // The end of a pass over a tracked disk, and the beginning of the next.
    private async Task RefillAsync(CancellationToken cancellationToken)
    {
        lock (_passGate)
        {
            _passUnderWay?.TrySetResult();
            _passUnderWay = null;
        }

        DrainOutcome outcome = await WaitForDrainAsync(cancellationToken).ConfigureAwait(false);
        lock (_passGate)
        {
            (_passUnderWay, _passWanted) = (_passWanted, null);
        }

        using (await Capture.TakeTurnAsync(cancellationToken).ConfigureAwait(false))
        {
            if (!IsSuspect(outcome))
            {
                outcome = await Task.Run(() => Capture.Drain(DiskRest.None), cancellationToken).ConfigureAwait(false);
            }

            if (outcome is { IsDoubtful: true, Loss: null })
            {
                // Only at rest can a missed write be told from a missed end of one.
                outcome = await Task.Run(DrainAtRest, cancellationToken).ConfigureAwait(false);
            }

            Judge(outcome);
        }
    }

    // Until what is written is to be read. Meanwhile the tracking is checked, and what it says is given as soon as it is not well.
    private async Task<DrainOutcome> WaitForDrainAsync(CancellationToken cancellationToken)
    {
        IChangeTracker tracker = Capture.Tracker!;
        if (tracker.Limitation is not null)
        {
            await _drainWanted.WaitAsync(_options.ScanInterval, _time, cancellationToken).ConfigureAwait(false);
            return default;
        }

        long began = _time.GetTimestamp();
        while (true)
        {
            await _drainWanted.WaitAsync(_options.CheckInterval, _time, cancellationToken).ConfigureAwait(false);
            if (IsPassWanted || _time.GetElapsedTime(began) >= _options.DrainInterval || tracker.WrittenBytes >= _options.DrainBytes)
            {
                return default;
            }

            using (await Capture.TakeTurnAsync(cancellationToken).ConfigureAwait(false))
            {
                DrainOutcome outcome = await Task.Run(tracker.Check, cancellationToken).ConfigureAwait(false);
                if (IsSuspect(outcome))
                {
                    return outcome;
                }
            }
        }
    }

    private bool IsPassWanted
    {
        get
        {
            lock (_passGate)
            {
                return _passWanted is not null;
            }
        }
    }

    private static bool IsSuspect(DrainOutcome outcome) => outcome.IsDoubtful || outcome.Loss is not null;

    // Freezes for as long as a drain takes. A disk that cannot be frozen now is drained as it is.
    private DrainOutcome DrainAtRest()
    {
        string device = Capture.Tracker!.DevicePath;
        try
        {
            _quiescence?.WriteBack([device]);
            using IQuietMoment? moment = _quiescence?.Begin([device], _options.FreezeBudget);
            return Capture.Drain(moment?.Covers(device) == true ? DiskRest.Frozen : DiskRest.Assumed);
        }
        catch (AsrException error)
        {
            ShippingLog.NotAtRest(_logger, Capture.Id, error);
            return Capture.Drain(DiskRest.None);
        }
    }
}
