using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Engine.Pacing;
using Asr.Engine.Shipping;
using Microsoft.Extensions.Logging;

namespace Asr.Engine.Verification;

/// <summary>
/// Runs the verification that an assignment asks for, once, beside replication. What it finds is in memory until it is told: only then is what differs sent anew, so that a finding outlives whatever
/// happens to this process. Thread-safe; started and stopped by one caller.
/// </summary>
internal sealed class MachineVerifier(PointMaker points, IReplicaSource replica, ShippingOptions options, AsyncSignal news, TimeProvider time, ILogger logger)
{
    private readonly Lock _gate = new();
    private Run? _run;

    /// <summary>The verification that was asked for, as it stands; null for none.</summary>
    public AsrVerification? Verification
    {
        get
        {
            lock (_gate)
            {
                return _run?.Read();
            }
        }
    }

    /// <summary>Starts what is asked for, unless it was started before, and ends what is not asked for any more.</summary>
    public async Task ConfigureAsync(IReadOnlyList<DiskShipper> disks, AgentAssignment assignment)
    {
        if (_run is { } present && (present.Id != assignment.VerificationId || !present.Disks.SequenceEqual(disks.Select(static disk => disk.Capture))))
        {
            await StopAsync().ConfigureAwait(false);
        }

        lock (_gate)
        {
            if (_run is not null && assignment.VerificationId is null)
            {
                _run = null;
            }
            else if (assignment.VerificationId is { } id && _run?.Id != id)
            {
                _run = new Run(id, [.. disks]);
                _run.Task = Task.Run(() => RunAsync(_run, assignment.VerificationBytesPerSecond, _run.Stop.Token));
            }
        }
    }

    /// <summary>Ends what runs. It is not started again.</summary>
    public async Task StopAsync()
    {
        if (_run is { } run)
        {
            await run.Stop.CancelAsync().ConfigureAwait(false);
            await run.Task.ConfigureAwait(false);
        }
    }

    /// <summary>A report has arrived: what it says to differ may be sent anew.</summary>
    public void NoteReported(AsrVerification? told)
    {
        Run? run;
        lock (_gate)
        {
            run = _run;
        }

        if (run is null || told?.Id != run.Id)
        {
            return;
        }

        foreach ((DiskShipper disk, VerificationTally tally) in run.Parts)
        {
            if (told.Disks.FirstOrDefault(part => part.DiskId == disk.Capture.Id) is { } part)
            {
                foreach (long region in tally.TakeToSend(part))
                {
                    disk.Capture.Ledger.SendAnew(region);
                }
            }
        }
    }

    private async Task RunAsync(Run run, long bytesPerSecond, CancellationToken cancellationToken)
    {
        try
        {
            ShippingLog.VerificationBegun(logger, run.Id);

            // Before the point: what is written from here on counts as written after it.
            foreach ((DiskShipper disk, _) in run.Parts)
            {
                if (disk.Capture.Tracker?.Limitation is not null)
                {
                    throw new AsrException(
                        AsrErrorCode.CaptureUnavailable,
                        $"Where disk '{disk.Capture.Name}' is written is not known, so no part of it can be judged while it is in use.",
                        "It is compared in full by each of its scans; mend what its warning names to have it tracked.",
                        disk.Capture.Name);
                }

                disk.Capture.Ledger.BeginWatch();
            }

            // A name of its own: a point of an earlier attempt would be one from before the watch began.
            AsrRecoveryPoint point = await points.MakeAsync(
                Guid.NewGuid(), RecoveryPointReason.Verification, RecoveryPointType.CrashConsistent, run.Shippers, cancellationToken).ConfigureAwait(false);
            run.Point = point;
            BandwidthBudget budget = new(bytesPerSecond > 0 ? bytesPerSecond : null, time);
            foreach ((DiskShipper disk, VerificationTally tally) in run.Parts)
            {
                await new DiskVerifier(disk, point.Id, replica, budget, tally, options, time).RunAsync(cancellationToken).ConfigureAwait(false);
            }

            run.End(time.GetUtcNow(), null);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            run.End(time.GetUtcNow(), new AsrError { Code = AsrErrorCode.Cancelled, Message = "The verification was ended before it had compared everything.", Action = "Start it again while the machine replicates." });
        }
        catch (Exception error)
        {
            run.End(time.GetUtcNow(), AsrError.From(error));
        }
        finally
        {
            foreach ((DiskShipper disk, _) in run.Parts)
            {
                disk.Capture.Ledger.EndWatch();
            }

            ShippingLog.VerificationEnded(logger, run.Id, run.Read().Disks.Sum(static disk => disk.DifferentBytes));
            news.Set();
        }
    }

    private sealed class Run(Guid id, DiskShipper[] shippers)
    {
        private volatile Ending? _end;
        private volatile AsrRecoveryPoint? _point;

        public Guid Id => id;

        public IReadOnlyList<DiskShipper> Shippers => shippers;

        public IEnumerable<DiskCapture> Disks => shippers.Select(static shipper => shipper.Capture);

        public (DiskShipper Disk, VerificationTally Tally)[] Parts { get; } = [.. shippers.Select(static shipper => (shipper, new VerificationTally(shipper.Capture)))];

        public CancellationTokenSource Stop { get; } = new();

        public Task Task { get; set; } = Task.CompletedTask;

        public AsrRecoveryPoint? Point
        {
            set => _point = value;
        }

        public void End(DateTimeOffset now, AsrError? error) => _end = new Ending(now, error);

        public AsrVerification Read()
        {
            // The end first: what is read after it is all there is.
            Ending? end = _end;
            return new AsrVerification
            {
                Id = id,
                RecoveryPointId = _point?.Id,
                RecoveryPointTime = _point?.Time,
                ReadBytes = Parts.Sum(static part => part.Tally.ReadBytes),
                EndTime = end?.Time,
                Error = end?.Error,
                Disks = [.. Parts.Select(static part => part.Tally.Read())],
            };
        }

        private sealed record Ending(DateTimeOffset Time, AsrError? Error);
    }
}
