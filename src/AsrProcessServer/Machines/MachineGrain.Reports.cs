using System;
using System.Linq;
using System.Threading.Tasks;
using Asr.Contracts;
using Orleans;

namespace Asr.ProcessServer.Machines;

/// <content>What the agent's reports bring about.</content>
public sealed partial class MachineGrain
{
    /// <inheritdoc />
    public async Task ReportAsync(AgentReport report)
    {
        MachineDocument document = Document;
        bool wasConnected = AgentConnected;
        instants.Note(document.Id, report.Instants.Where(instant => IsOf(document, instant)).ToArray());
        _report = report with { Instants = [] };
        _reportedAt = time.GetUtcNow();
        // A report comes every second; the vault gets a write only when a disk has appeared, gone or changed its size, address or health.
        if (!document.Disks.Select(Identity).SequenceEqual(report.Disks.Select(Identity)))
        {
            document = document with { Disks = report.Disks, LastHeartbeat = _reportedAt };
            await SaveAsync(document);
        }
        else
        {
            state.State = document with { Disks = report.Disks };
            signals.Raise(this.GetPrimaryKey());
        }
        NoteMixedInterval();
        await KeepVerificationAsync(report);
        await FollowReportAsync();
        if (!wasConnected)
        {
            await CheckHealthAsync();
        }
    }

    /// <inheritdoc />
    public async Task PolicyChangedAsync(AsrReplicationPolicy policy)
    {
        MachineDocument document = Document;
        if (!string.Equals(document.PolicyName, policy.Name, StringComparison.OrdinalIgnoreCase))
        {
            return;
        }
        MachineDocument next = document with
        {
            Assignment = Follow(document.Assignment, document.Assignment with
            {
                CrashConsistentFrequencySeconds = policy.CrashConsistentFrequencySeconds,
                AppConsistentFrequencyHours = policy.AppConsistentFrequencyHours,
            }),
            // The policy of the way back has the values of its owner; but where no agent runs nothing brings applications to rest.
            ReverseAssignment = document.ReverseAssignment is { } reverse
                ? Follow(reverse, reverse with { CrashConsistentFrequencySeconds = policy.CrashConsistentFrequencySeconds })
                : null,
        };
        if (next != document)
        {
            await SaveAsync(next);
        }
    }

    /// <inheritdoc />
    public async Task SetConsistencyGroupAsync(string? group)
    {
        MachineDocument document = Document;
        if (group is not null && (document.PolicyName is null || document.State is MachineState.Discovered or MachineState.Disabling or MachineState.Disabled))
        {
            throw new AsrException(
                AsrErrorCode.OperationNotAllowed, $"Machine '{document.Name}' is not protected (state {document.State}), so it can be in no consistency group.", "Enable its replication first.", document.Name);
        }
        if (document.ConsistencyGroup == group)
        {
            return;
        }
        if (document.Job is { Request.Operation: not MachineOperation.EnableReplication and var operation })
        {
            throw new AsrException(
                AsrErrorCode.OperationNotAllowed, $"Operation {operation} runs on machine '{document.Name}'; its consistency group cannot be changed meanwhile.", "Wait for its job to end.", document.Name);
        }
        await SaveAsync(document with
        {
            ConsistencyGroup = group,
            Assignment = Follow(document.Assignment, document.Assignment with { ConsistencyGroup = group }),
        });
        await AnnounceAsync(
            EventSeverity.Normal, "ConsistencyGroupChanged", group is null ? $"'{document.Name}' has left consistency group '{document.ConsistencyGroup}'." : $"'{document.Name}' is in consistency group '{group}'.");
    }

    /// <summary>Names exactly the protected disks, as the original machine: an agent has no say about others.</summary>
    private static bool IsOf(MachineDocument document, MachineInstant instant) => instant.Source == ActiveLocation.Primary
        && instant.Disks.Count == document.DiskIds.Count
        && instant.Disks.All(disk => document.DiskIds.Contains(disk.DiskId));

    private static AgentAssignment Follow(AgentAssignment present, AgentAssignment wanted) => AssignmentChange.Follow(present, wanted) ?? present;

    private static AsrDisk Identity(AsrDisk disk) => new() { Id = disk.Id, Name = disk.Name, SizeBytes = disk.SizeBytes, ExportUri = disk.ExportUri, Error = disk.Error };

    /// <summary>Moves the state to what the report proves. A report that belongs to an older assignment proves nothing.</summary>
    private async Task FollowReportAsync()
    {
        MachineDocument document = Document;
        if (_report is not { } report || report.AssignmentRevision != document.Assignment.Revision || report.Mode != AgentMode.Replicate)
        {
            return;
        }
        bool caughtUp = report is { InSync: true, Resynchronizing: false }
            && report.ResynchronizeGenerationDone >= document.Assignment.ResynchronizeGeneration;
        MachineTrigger? trigger = document.State switch
        {
            MachineState.InitialReplication when caughtUp && _latestPoint is not null => MachineTrigger.InitialReplicationDone,
            MachineState.Protected when report.Resynchronizing => MachineTrigger.ResynchronizationNeeded,
            MachineState.Resynchronizing when caughtUp => MachineTrigger.ResynchronizationDone,
            _ => null,
        };
        MachineDocument next = trigger is { } fired ? document with { State = Lifecycle().Fire(fired) } : document;
        if (caughtUp && document.Assignment.Bases is not null)
        {
            // The branch has begun and its log stands on its own; a later restart of the agent must continue at the head.
            next = next with { Assignment = AssignmentChange.Follow(document.Assignment, document.Assignment with { Bases = null })! };
        }
        if (next != document)
        {
            await SaveAsync(next);
        }
        if (trigger == MachineTrigger.InitialReplicationDone)
        {
            // What has just been read whole is as good as compared.
            await SaveAsync(Document with { VerifiedAt = time.GetUtcNow() });
        }
        if (trigger == MachineTrigger.ResynchronizationNeeded)
        {
            await AnnounceAsync(
                EventSeverity.Warning, "ResynchronizationStarted", $"'{document.Name}' is compared with its replica: {report.ResynchronizeReason ?? "the agent asked for it"}.");
        }
        else if (trigger == MachineTrigger.ResynchronizationDone)
        {
            await AnnounceAsync(EventSeverity.Normal, "ResynchronizationDone", $"'{document.Name}' equals its replica again.");
        }
        else if (trigger == MachineTrigger.InitialReplicationDone)
        {
            await AnnounceAsync(EventSeverity.Normal, "InitialReplicationDone", $"'{document.Name}' is protected: its first recovery point is published.");
        }
    }
}
