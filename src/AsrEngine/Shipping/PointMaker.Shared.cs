using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <content>Points that several machines have in common.</content>
internal sealed partial class PointMaker
{
    // Longer than a burst takes to be sent; a machine that is behind for longer keeps the others waiting for nothing.
    private static readonly TimeSpan SharedSyncMax = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Takes the machine's part in a round and publishes its point with those of the others. False when nothing was published: then no machine has a point of this round. The coordinator is told of a failure here.
    /// </summary>
    public async Task<bool> MakeSharedAsync(SharedRound round, IReadOnlyList<DiskShipper> disks, CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            MachinePlaces taken = round.Type == RecoveryPointType.AppConsistent
                ? await TakeSharedAtRestAsync(round, disks, cancellationToken).ConfigureAwait(false)
                : await TakeSharedAsync(round, disks, cancellationToken).ConfigureAwait(false);
            await round.HeldAsync(taken.Rest, cancellationToken).ConfigureAwait(false);

            // Whether all applications were at rest only the coordinator knows; it sets the type.
            AsrRecoveryPoint draft = new()
            {
                Id = Guid.NewGuid(),
                MachineId = machineId,
                MachineName = options.MachineName,
                Time = taken.Time,
                Grade = GradeOf(disks),
                Source = options.Source,
                Reason = RecoveryPointReason.Policy,
                MultiMachine = new MultiMachinePoint { Id = round.Id },
            };
            if (await PublishAsync(draft, disks, taken.Places, cancellationToken).ConfigureAwait(false) is not { } point)
            {
                throw new AsrException(AsrErrorCode.SessionLost, "The stream of a disk broke off before the changes up to the instant had arrived.", "The next round tries again.");
            }

            ShippingLog.PointPublished(logger, point.Id, point.Reason, point.Time);
            return true;
        }
        catch (RoundOverException)
        {
            return false;
        }
        catch (Exception error)
        {
            // Also when this is being stopped: the others wait for it, at rest.
            AsrError told = cancellationToken.IsCancellationRequested
                ? new AsrError { Code = AsrErrorCode.Cancelled, Message = "The agent stops, or its machine is to do something else." }
                : AsrError.From(error);
            ShippingLog.RoundFailed(logger, round.Id, told.Message);
            await round.FailAsync(told, CancellationToken.None).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
        finally
        {
            _error = null;
            _oneAtATime.Release();
        }
    }

    private async Task<MachinePlaces> TakeSharedAsync(SharedRound round, IReadOnlyList<DiskShipper> disks, CancellationToken cancellationToken)
    {
        long begun = time.GetTimestamp();
        while (true)
        {
            if (await taker.TakeAsync(disks, round, cancellationToken).ConfigureAwait(false) is { } taken)
            {
                return taken;
            }

            if (round.IsReady || time.GetElapsedTime(begun) >= SharedSyncMax)
            {
                throw new AsrException(
                    AsrErrorCode.QuiesceFailed,
                    "The disks were not in sync at the instant: more was written than could be sent, or they are compared with their replica.",
                    "The next round tries again. If it stays so, the machine writes faster than it is replicated.");
            }

            await Task.Delay(_syncInterval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    // Applications that do not come to rest, or do not go on, cost the point its type and nothing else.
    private async Task<MachinePlaces> TakeSharedAtRestAsync(SharedRound round, IReadOnlyList<DiskShipper> disks, CancellationToken cancellationToken)
    {
        IApplicationRest? rest = null;
        try
        {
            rest = disks.All(static disk => disk.IsInSync) && applications is not null ? await applications.RestAsync(cancellationToken).ConfigureAwait(false) : null;
            round.AppError = rest is { Prepared: > 0 } ? null : NothingPrepared.Error;
        }
        catch (AsrException error)
        {
            round.AppError = AsrError.From(error);
        }

        MachinePlaces taken;
        AsrError? fault = null;
        try
        {
            taken = await TakeSharedAsync(round, disks, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            fault = rest is null ? null : await rest.ReleaseAsync().ConfigureAwait(false);
        }

        round.AppError ??= fault;
        if (round.AppError is { } reason)
        {
            ShippingLog.ApplicationsRestless(logger, reason.Message);
        }

        return taken;
    }

    // How a point of these disks is captured: the weakest of them counts.
    private static RecoveryPointGrade GradeOf(IReadOnlyList<DiskShipper> disks) =>
        disks.Any(static disk => disk.Capture.Tracker is { Limitation: not null }) ? RecoveryPointGrade.Scanned
        : disks.Any(static disk => disk.Capture.IsTracked) ? RecoveryPointGrade.Frozen
        : RecoveryPointGrade.Ordered;
}
