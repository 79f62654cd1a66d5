using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Orleans;

namespace Asr.ProcessServer.Machines;

/// <content>Watching the changes between points for what ransomware does.</content>
public sealed partial class MachineGrain
{
    private const string UnusualChanges = "UnusualChanges";

    private ChangeWatchState _changes = new();

    // True from the moment on at which something else than the workload put changes into the stream, until the next point.
    private bool _isIntervalMixed = true;

    private bool IsSettled => Document.State is MachineState.Protected or MachineState.ReverseProtected
        && (Document.State == MachineState.ReverseProtected || _report is { Resynchronizing: false });

    /// <summary>A first copy and a comparison say nothing about the workload: the interval that has a part of one is not judged.</summary>
    private void NoteMixedInterval() => _isIntervalMixed |= !IsSettled;

    private async Task WatchChangesAsync(AsrRecoveryPoint point)
    {
        NoteMixedInterval();
        bool isJudged = !_isIntervalMixed && point.Interval is not null && point.Time > _changes.JudgedUntil;
        _isIntervalMixed = !IsSettled;
        if (!isJudged)
        {
            return;
        }
        ChangeIncident? before = _changes.Incident;
        ChangeVerdict verdict = ChangeWatch.Judge(_changes, point.Interval!, point.Time, Document.Disks.Sum(disk => disk.SizeBytes));
        if (verdict.HasBegun)
        {
            // Before anything says that it is over: a repetition after a failure marks the same points again.
            await MarkAsync(point, verdict.State.Incident!);
        }
        _changes = verdict.State;
        bool isNews = (before is null) != (_changes.Incident is null);
        await watch.WriteAsync(Document.Id, _changes, isNews, CancellationToken.None);
        if (isNews)
        {
            await CheckHealthAsync();
        }
    }

    private async Task MarkAsync(AsrRecoveryPoint point, ChangeIncident incident)
    {
        await points.MarkAsync(point.MachineId, point.Id, marked => marked with { Anomaly = incident.Figures }, CancellationToken.None);
        IReadOnlyList<AsrRecoveryPoint> known = await points.ListAsync(point.MachineId, 1, incident.SuspectSince, CancellationToken.None);
        if (known is [{ } last])
        {
            await points.MarkAsync(point.MachineId, last.Id, marked => marked with { IsLastBeforeAnomaly = true, Pinned = true }, CancellationToken.None);
        }
    }

    private HealthError? UnusualChangesError(MachineDocument document) => _changes.Incident is not { } incident || document.PolicyName is null
        ? null
        : new HealthError
        {
            Code = UnusualChanges,
            Severity = EventSeverity.Warning,
            Message = $"'{document.Name}' changes as if ransomware encrypted it. {incident.Figures}",
            Action = "If no one does this on purpose, isolate the machine. The last recovery point before it is kept: "
                + $"Get-AsrRecoveryPoint '{document.Name}' | Where-Object IsLastBeforeAnomaly | Select-Object -First 1 | Start-AsrTestFailover.",
            Since = time.GetUtcNow(),
        };
}
