using System;
using System.Linq;
using Asr.Contracts;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Machines;

/// <summary>A machine as its grain sees it at one moment: the document and what is only in memory.</summary>
public sealed record MachineView
{
    /// <summary>The document.</summary>
    public MachineDocument Document { get; init; } = new();

    /// <summary>Last report since this process started, or null.</summary>
    public AgentReport? Report { get; init; }

    /// <summary>When that report came.</summary>
    public DateTimeOffset? ReportedAt { get; init; }

    /// <summary>True while the agent reports in time.</summary>
    public bool AgentConnected { get; init; }

    /// <summary>Newest published point, or null.</summary>
    public AsrRecoveryPoint? LatestPoint { get; init; }

    /// <summary>What the legality of operations depends on.</summary>
    public LifecycleFacts Facts => new()
    {
        HasRecoveryPoint = LatestPoint is not null,
        KeepsPoints = Document.PointsKeptUntil is not null,
        HasTestFailover = Document.TestFailover is not null,
        HasFailoverCopy = Document.Failover is not null,
        RunningOperation = Document.Job?.Request.Operation,
        StateBeforeOperation = Document.Job?.Before.State,
    };

    /// <summary>True when the agent has said that it works on the present assignment in this mode.</summary>
    public bool HasReached(AgentMode mode) =>
        Report is { } report && report.AssignmentRevision == Document.Assignment.Revision && report.Mode == mode;

    /// <summary>The machine as the REST contract shows it.</summary>
    /// <param name="now">Present time.</param>
    /// <param name="exportUri">Gives the live address of an export by its name.</param>
    public AsrReplicatedMachine Show(DateTimeOffset now, Func<string, string?> exportUri)
    {
        MachineDocument document = Document;
        bool isProtected = document.PolicyName is not null && document.State is not (MachineState.Discovered or MachineState.Disabling or MachineState.Disabled);
        return new AsrReplicatedMachine
        {
            Id = document.Id,
            Name = document.Name,
            State = document.State,
            AllowedOperations = new MachineLifecycle(document.State, Facts).AllowedOperations(),
            Health = document.HealthErrors.Select(error => error.Severity).DefaultIfEmpty(EventSeverity.Normal).Max(),
            HealthErrors = document.HealthErrors,
            PolicyName = document.PolicyName,
            ConsistencyGroup = document.ConsistencyGroup,
            PointsKeptUntil = document.PointsKeptUntil,
            ActiveLocation = document.Failover is null ? ActiveLocation.Primary : ActiveLocation.Recovery,
            AgentConnected = AgentConnected,
            LastHeartbeat = ReportedAt ?? document.LastHeartbeat,
            LatestRecoveryPoint = LatestPoint?.Time,
            RpoSeconds = isProtected && LatestPoint is { } point ? Math.Max(0, (now - point.Time).TotalSeconds) : null,
            VerifiedAt = document.VerifiedAt,
            LastVerification = document.Verification,
            BandwidthBytesPerSecond = document.Assignment.BandwidthBytesPerSecond,
            ProgressPercent = Report?.ProgressPercent,
            Disks = document.DiskIds.Count == 0 ? document.Disks : document.Disks.Where(disk => document.DiskIds.Contains(disk.Id)).ToArray(),
            TestFailover = Show(document, document.TestFailover, ExportKind.TestFailover, exportUri),
            Failover = Show(document, document.Failover, ExportKind.Failover, exportUri),
        };
    }

    private static FailoverCopy? Show(MachineDocument document, SiteCopy? copy, ExportKind kind, Func<string, string?> exportUri) =>
        copy is null
            ? null
            : copy.Copy with
            {
                Disks = copy.Copy.Disks
                    .Select(disk => disk with { ExportUri = exportUri(ExportNames.For(document.Name, kind, disk.Name)) ?? "" })
                    .ToArray(),
            };
}
