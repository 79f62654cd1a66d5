using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.ProcessServer.Machines;

/// <content>Heartbeat, disks and recovery point objective: each breach is announced once, and once when it is over.</content>
public sealed partial class MachineGrain
{
    private const string HeartbeatLost = "HeartbeatLost";
    private const string CopyNotServed = "CopyNotServed";
    private const string DiskMissing = "DiskMissing";
    private const string RpoExceeded = "RpoExceeded";
    private const string SharedPointsMissing = "SharedPointsMissing";

    /// <summary>A missing heartbeat means nothing before the agent had the time to find this process.</summary>
    private readonly DateTimeOffset _activatedAt = time.GetUtcNow();

    /// <inheritdoc />
    public async Task CheckHealthAsync()
    {
        MachineDocument document = Document;
        DateTimeOffset now = time.GetUtcNow();

        // Once for all that it decides: this runs every second, and the vault may be far away.
        AsrReplicationPolicy? policy = document.PolicyName is null ? null : await policies.GetAsync(document.PolicyName, CancellationToken.None);
        List<HealthError> errors = [];
        bool agentExpected = document.State is not (MachineState.Discovered or MachineState.Disabling or MachineState.Disabled)
            && (document.Failover is null || document.State == MachineState.FailingBack);
        if (agentExpected && !AgentConnected && now - _activatedAt >= HeartbeatMax)
        {
            errors.Add(new HealthError
            {
                Code = HeartbeatLost,
                Severity = EventSeverity.Warning,
                Message = $"The agent of '{document.Name}' has not reported for {HeartbeatMax.TotalSeconds:0} seconds.",
                Action = "Check that the machine and its agent run and reach the appliance; if the site is lost, fail over.",
                Since = now,
            });
        }
        if (agentExpected && AgentConnected)
        {
            errors.AddRange(DiskErrors(document, now));
        }
        if (AgentConnected)
        {
            errors.AddRange(DiskWarnings(document, now));
        }
        // A running job says itself what it cannot bring about.
        if (document is { Job: null } && (document.Failover ?? document.TestFailover) is not null && site.FindTrouble(document.Id) is { } trouble)
        {
            errors.Add(new HealthError
            {
                Code = CopyNotServed,
                Severity = EventSeverity.Critical,
                Message = $"What runs of '{document.Name}' at the recovery site is not up: {trouble.Message}",
                Action = trouble.Action ?? "Mend what it complains of; it is tried again every minute.",
                Since = now,
            });
        }
        if (document.ConsistencyGroup is { } group && groupTrouble.Of(group) is { } obstacle)
        {
            errors.Add(new HealthError
            {
                Code = SharedPointsMissing,
                Severity = EventSeverity.Warning,
                Message = $"Consistency group '{group}' makes no shared recovery points: {obstacle}",
                Action = "Its machines go on making points of their own. Mend the machine that is named, or take it out: Set-AsrReplicatedMachine -ConsistencyGroup ''.",
                Since = now,
            });
        }
        if (UnusualChangesError(document) is { } unusual)
        {
            errors.Add(unusual);
        }
        if (RpoBreach(document, policy, now) is { } breach)
        {
            errors.Add(breach);
        }
        if (vaultHealth.FindError(document.Id, document.Name) is { } damage)
        {
            errors.Add(damage);
        }
        errors.AddRange(VerificationErrors(document, policy, now));
        await FollowBandwidthAsync(policy);
        await KeepHealthAsync(Document, errors);
    }

    /// <summary>What keeps protected disks from replicating, one error for each kind. That the agent reports shows that it reaches the appliance.</summary>
    private IEnumerable<HealthError> DiskErrors(MachineDocument document, DateTimeOffset now)
    {
        if (_report is not { } report)
        {
            return [];
        }
        IEnumerable<AsrError> missing = document.DiskIds.Except(report.Disks.Select(disk => disk.Id)).Select(id => new AsrError
        {
            Code = AsrErrorCode.NotFound,
            Message = $"The agent of '{document.Name}' does not offer the protected disk {id} any more; it is not replicated and no recovery point is made.",
            Action = "Start the agent with the disk again, or disable replication and protect the disks that are left.",
        });
        IEnumerable<AsrError> told = report.Disks
            .Where(disk => document.DiskIds.Contains(disk.Id) && disk.Error is { Code: not (AsrErrorCode.ApplianceUnreachable or AsrErrorCode.SessionLost) })
            .Select(disk => disk.Error! with { Message = $"Disk '{disk.Name}' of '{document.Name}' is not replicated: {disk.Error.Message}" });
        return missing.Concat(told).GroupBy(error => error.Code).Select(kind => new HealthError
        {
            Code = kind.Key == AsrErrorCode.NotFound ? DiskMissing : kind.Key.ToString(),
            Severity = EventSeverity.Critical,
            Message = string.Join(" ", kind.Select(error => error.Message)),
            Action = kind.First().Action,
            Since = now,
        });
    }

    /// <summary>What makes the protection of disks weaker than it could be, one warning for each kind.</summary>
    private IEnumerable<HealthError> DiskWarnings(MachineDocument document, DateTimeOffset now) =>
        (_report?.Disks ?? []).Where(disk => document.DiskIds.Contains(disk.Id) && disk.Warning is not null).GroupBy(disk => disk.Warning!.Code).Select(kind => new HealthError
        {
            Code = kind.Key.ToString(),
            Severity = EventSeverity.Warning,
            Message = string.Join(" ", kind.Select(disk => $"Disk '{disk.Name}' of '{document.Name}': {disk.Warning!.Message}")),
            Action = kind.First().Warning!.Action,
            Since = now,
        });

    private HealthError? RpoBreach(MachineDocument document, AsrReplicationPolicy? policy, DateTimeOffset now)
    {
        bool pointsExpected = document.State is MachineState.Protected or MachineState.Resynchronizing or MachineState.Paused or MachineState.ReverseProtected;
        if (!pointsExpected || policy is null || _latestPoint is null)
        {
            return null;
        }
        double ageSeconds = (now - _latestPoint.Time).TotalSeconds;
        return ageSeconds <= policy.RpoThresholdSeconds
            ? null
            : new HealthError
            {
                Code = RpoExceeded,
                Severity = EventSeverity.Critical,
                Message = $"The newest recovery point of '{document.Name}' is older than the {policy.RpoThresholdSeconds} seconds of policy '{policy.Name}'.",
                Action = document.State == MachineState.Paused
                    ? "Resume replication."
                    : document.Assignment.BandwidthBytesPerSecond is { } limit
                    ? $"Replication is limited to {limit} bytes a second at this time: raise the policy's bandwidth limit if less than that is sent in time. Else check the agent, the network and the vault."
                    : "Check the agent, the network and the vault; the machine's disks show how much waits to be sent.",
                Since = now,
            };
    }

    private async Task KeepHealthAsync(MachineDocument document, List<HealthError> errors)
    {
        HealthError[] present = errors
            .Select(error => document.HealthErrors.FirstOrDefault(known => known.Code == error.Code) is { } known ? error with { Since = known.Since } : error)
            .ToArray();
        HealthError[] begun = present.ExceptBy(document.HealthErrors.Select(error => error.Code), error => error.Code).ToArray();
        HealthError[] ended = document.HealthErrors.ExceptBy(present.Select(error => error.Code), error => error.Code).ToArray();
        if (present.SequenceEqual(document.HealthErrors))
        {
            return;
        }
        await SaveAsync(document with { HealthErrors = present, LastHeartbeat = _reportedAt ?? document.LastHeartbeat });
        foreach (HealthError error in begun)
        {
            await AnnounceAsync(error.Severity, error.Code, error.Message, error.Action);
        }
        foreach (HealthError error in ended)
        {
            await AnnounceAsync(EventSeverity.Normal, error.Code + "Ended", $"Over for '{document.Name}', since {error.Since:u}: {error.Message}");
        }
    }
}
