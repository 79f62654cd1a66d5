using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <content>The report.</content>
public sealed partial class MachineReplicator
{
    private readonly AsyncSignal _news = new();
    private AgentMode _reachedMode;
    private long _reachedRevision;
    private AsrError? _error;

    /// <summary>A snapshot of what is done and how far it is. Cheap; meant to be taken every second.</summary>
    public AgentReport GetReport()
    {
        lock (_gate)
        {
            DiskShipper[] shippers = [.. _shippers.Select(running => running.Shipper)];
            DiskCapture[] protectedDisks = [.. _disks.Where(disk => _desired?.DiskIds.Contains(disk.Id) ?? false)];
            bool isFailingBack = _desired?.Mode == AgentMode.Failback;
            return new AgentReport
            {
                AssignmentRevision = _reachedRevision,
                AgentVersion = _options.AgentVersion,
                Mode = _reachedMode,
                Disks = [.. _disks.Select(disk => Describe(disk, Array.Find(shippers, shipper => shipper.Capture == disk)))],
                InSync = shippers.Length > 0 && Array.TrueForAll(shippers, shipper => shipper.IsInSync) && !IsDiskMissing(shippers),
                Resynchronizing = Array.Exists(shippers, shipper => shipper.ResynchronizeReason is not null),
                ResynchronizeReason = shippers.Select(shipper => shipper.ResynchronizeReason).FirstOrDefault(reason => reason is not null),
                ResynchronizeGenerationDone = protectedDisks.Length == 0 ? 0 : protectedDisks.Min(disk => disk.Activity.ResynchronizeGeneration),
                ProgressPercent = isFailingBack ? _failback?.Percent : Progress(shippers),
                FailbackPointDone = isFailingBack ? _failbackPointDone : null,
                FailbackBytesMoved = _failback?.MovedBytes ?? 0,
                Instants = _instantLoop.Peek(),
                LastFreezeMs = _taker.LastRest is { Ticks: > 0 } rest ? rest.TotalMilliseconds : null,
                Verification = _verifier.Verification,
                Error = _error ?? _points.Error ?? shippers.Select(shipper => shipper.Error).FirstOrDefault(error => error is not null),
            };
        }
    }

    /// <summary>A report has arrived: its instants need not be told again, and what it said to differ from the replica may be mended.</summary>
    public void NoteReported(AgentReport report)
    {
        _instantLoop.NoteReported(report.Instants);
        _verifier.NoteReported(report.Verification);
    }

    // A disk that is to be replicated and is not offered, or not yet taken up.
    private bool IsDiskMissing(DiskShipper[] shippers) =>
        _desired is { } desired && desired.DiskIds.Any(id => !Array.Exists(shippers, shipper => shipper.Capture.Id == id));

    // The mean over the disks, by size; a disk without a phase is done.
    private static double? Progress(DiskShipper[] shippers)
    {
        double?[] parts = [.. shippers.Select(shipper => shipper.ProgressPercent)];
        double total = shippers.Sum(shipper => (double)shipper.Capture.Length);
        return Array.TrueForAll(parts, part => part is null) || total == 0
            ? null
            : shippers.Zip(parts, (shipper, part) => (part ?? 100) * shipper.Capture.Length).Sum() / total;
    }

    private AsrDisk Describe(DiskCapture disk, DiskShipper? shipper) => new()
    {
        Id = disk.Id,
        Name = disk.Name,
        SizeBytes = disk.Length,
        ExportUri = disk.ExportUri,
        CaptureMode = CaptureModeOf(disk),
        PendingBytes = disk.PendingBytes,
        QueuedBytes = shipper?.QueuedBytes ?? 0,
        SentBytes = shipper?.SentBytes ?? 0,
        WireBytes = shipper?.WireBytes ?? 0,
        VaultSequence = shipper?.VaultSequence ?? 0,
        LagSeconds = shipper?.Lag?.TotalSeconds,
        Warning = disk.Tracker?.Limitation ?? WritesOn(disk),
        Error = shipper?.Error ?? (_desired?.Mode == AgentMode.Failback ? null : disk.HalfRestored),
    };

    // A tracked disk cannot be kept from being written, only seen to be.
    private AsrError? WritesOn(DiskCapture disk) => _reachedMode == AgentMode.Fence && _desired?.Mode == AgentMode.Fence && disk.Tracker is { WrittenBytes: > 0 }
        ? new AsrError
        {
            Code = AsrErrorCode.DiskBusy,
            Message = $"The machine goes on writing to disk '{disk.Name}' though it was failed over. What it writes is in no recovery point.",
            Action = "Stop its workload, or shut the machine down.",
            Target = disk.Name,
        }
        : null;

    private CaptureMode CaptureModeOf(DiskCapture disk) => disk.Ledger switch
    {
        { IsOffline: true } => CaptureMode.Offline,
        { IsStreaming: false } => _desired?.Mode == AgentMode.Pause ? CaptureMode.Paused : CaptureMode.None,
        { IsComparing: true } => CaptureMode.Scan,
        _ when disk.Tracker is { } tracker => tracker.Limitation is null ? CaptureMode.Ebpf : CaptureMode.Scan,
        { PendingRegions: > 0 } => CaptureMode.Bitmap,
        _ => CaptureMode.Data,
    };

    /// <summary>
    /// Ends when the report has something that someone may be waiting for: an assignment reached, a copy complete, a point published. After
    /// <paramref name="timeout"/> at the latest. One caller at a time.
    /// </summary>
    public Task WaitForNewsAsync(TimeSpan timeout, CancellationToken cancellationToken) => _news.WaitAsync(timeout, _time, cancellationToken);

    private void NoteReached(AgentAssignment assignment)
    {
        lock (_gate)
        {
            _reachedMode = assignment.Mode;
            _reachedRevision = assignment.Revision;
            _error = null;
        }

        _news.Set();
    }

    private void NoteFailed(AgentAssignment assignment, Exception error)
    {
        ShippingLog.AssignmentFailed(_logger, assignment.Revision, assignment.Mode, error);
        lock (_gate)
        {
            _error = AsrError.From(error);
        }

        _news.Set();
    }
}
