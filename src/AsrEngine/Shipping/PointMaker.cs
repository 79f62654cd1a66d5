using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Microsoft.Extensions.Logging;

namespace Asr.Engine.Shipping;

/// <summary>
/// Makes recovery points, one after another: waits for an instant at which no disk has anything pending, has the changes up to it sent, and publishes.
/// An instant whose stream breaks off before that is dropped and another one is taken.
/// </summary>
internal sealed partial class PointMaker(
    Guid machineId,
    IReplicationSink sink,
    InstantTaker taker,
    IApplicationQuiescence? applications,
    ShippingOptions options,
    TimeProvider time,
    ILogger logger)
{
    // How often a machine that is not in sync is looked at again.
    private static readonly TimeSpan _syncInterval = TimeSpan.FromMilliseconds(20);

    private readonly SemaphoreSlim _oneAtATime = new(1);
    private volatile AsrError? _error;

    /// <summary>Why the point being made is not published yet, or null.</summary>
    public AsrError? Error => _error;

    public async Task<AsrRecoveryPoint> MakeAsync(
        Guid id, RecoveryPointReason reason, RecoveryPointType type, IReadOnlyList<DiskShipper> disks, CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            AsrError? appError = null;
            RetryPause pause = new(options, time);
            while (true)
            {
                AppOutcome rested;
                try
                {
                    // Applications are not disturbed while no point can be made.
                    rested = type == RecoveryPointType.AppConsistent && disks.All(disk => disk.IsInSync)
                        ? await TakeAtRestAsync(disks, cancellationToken).ConfigureAwait(false)
                        : new AppOutcome(type == RecoveryPointType.CrashConsistent ? await taker.TakeAsync(disks, cancellationToken).ConfigureAwait(false) : null, null);
                }
                catch (AsrException error)
                {
                    _error = AsrError.From(error);
                    ShippingLog.PointRefused(logger, id, error);
                    await pause.WaitAsync(cancellationToken).ConfigureAwait(false);
                    continue;
                }

                if (rested.Instant is not { } taken)
                {
                    // Not in sync. Applications that could not be brought to rest are not asked again for this point.
                    if (rested.Error is not null)
                    {
                        (type, appError) = (RecoveryPointType.CrashConsistent, rested.Error);
                    }
                    else
                    {
                        await Task.Delay(_syncInterval, time, cancellationToken).ConfigureAwait(false);
                    }

                    continue;
                }

                AsrRecoveryPoint draft = new()
                {
                    Id = id,
                    MachineId = machineId,
                    MachineName = options.MachineName,
                    Time = taken.Time,
                    Type = type,
                    AppConsistencyError = appError,
                    Grade = GradeOf(disks),
                    Source = options.Source,
                    Reason = reason,
                };
                if (await PublishAsync(draft, disks, taken.Places, cancellationToken).ConfigureAwait(false) is { } point)
                {
                    ShippingLog.PointPublished(logger, id, reason, point.Time);
                    return point;
                }
            }
        }
        finally
        {
            _error = null;
            _oneAtATime.Release();
        }
    }

    // Null when a stream broke off.
    private async Task<AsrRecoveryPoint?> PublishAsync(
        AsrRecoveryPoint draft, IReadOnlyList<DiskShipper> disks, CaptureInstant[] places, CancellationToken cancellationToken)
    {
        RetryPause pause = new(options, time);
        while (true)
        {
            for (int i = 0; i < disks.Count; i++)
            {
                disks[i].Flush(places[i].Sequence);
            }

            for (int i = 0; i < disks.Count; i++)
            {
                if (!await disks[i].WaitReceivedAsync(places[i], cancellationToken).ConfigureAwait(false))
                {
                    return null;
                }
            }

            // Positions are looked up anew for each attempt: a change may have travelled under a later epoch than it was captured in.
            if (Locate(disks, places) is not { } positions)
            {
                return null;
            }

            try
            {
                AsrRecoveryPoint point = await sink.PublishPointAsync(draft with { Disks = positions }, cancellationToken).ConfigureAwait(false);
                for (int i = 0; i < disks.Count; i++)
                {
                    disks[i].NotePublished(places[i], point.Time);
                }

                return point;
            }
            catch (AsrException over) when (over.Code == AsrErrorCode.ConsistencyRoundFailed)
            {
                throw new RoundOverException();
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                _error = AsrError.From(error);
                ShippingLog.PointRefused(logger, draft.Id, error);
                foreach (DiskShipper disk in disks)
                {
                    disk.DoubtSession();
                }
            }

            await pause.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static RecoveryPointDisk[]? Locate(IReadOnlyList<DiskShipper> disks, CaptureInstant[] places)
    {
        RecoveryPointDisk[] located = new RecoveryPointDisk[disks.Count];
        for (int i = 0; i < located.Length; i++)
        {
            if (disks[i].PositionOf(places[i]) is not { } position)
            {
                return null;
            }

            located[i] = new RecoveryPointDisk
            {
                DiskId = disks[i].Capture.Id,
                Name = disks[i].Capture.Name,
                SizeBytes = disks[i].Capture.Length,
                Epoch = position.Epoch,
                Sequence = position.Sequence,
            };
        }

        return located;
    }
}
