using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Jobs;
using Orleans;

namespace Asr.ProcessServer.Machines;

/// <content>Verifications of the replication, and the bandwidth limit: what the agent is asked beside its job.</content>
public sealed partial class MachineGrain
{
    private const string ReplicaDiffers = "ReplicaDiffers";
    private const string VerificationOverdue = "VerificationOverdue";

    /// <summary>A verification that is asked for by the schedule may take its time, and fail once.</summary>
    private const int OverdueFrequencies = 2;

    private const int RangesShown = 8;

    /// <inheritdoc />
    public async Task BeginVerificationAsync(Guid jobId, long bytesPerSecond)
    {
        if (Document.Assignment.VerificationId == jobId)
        {
            return;
        }
        await CheckNoVerificationAsync();
        if (Document.State is not (MachineState.Protected or MachineState.Resynchronizing))
        {
            throw new AsrException(
                AsrErrorCode.OperationNotAllowed, $"'{Document.Name}' is {Document.State} now: there is nothing to compare its disks with.", "Verify it once it is protected.", Document.Name);
        }
        AgentAssignment wanted = Document.Assignment with { VerificationId = jobId, VerificationBytesPerSecond = bytesPerSecond };
        await SaveAsync(Document with { Assignment = Follow(Document.Assignment, wanted), VerificationTriedAt = time.GetUtcNow() });
    }

    /// <inheritdoc />
    public Task EndVerificationAsync(Guid jobId) => Document.Assignment.VerificationId == jobId
        ? SaveAsync(Document with { Assignment = Follow(Document.Assignment, Document.Assignment with { VerificationId = null, VerificationBytesPerSecond = 0 }) })
        : Task.CompletedTask;

    private async Task CheckNoVerificationAsync()
    {
        if (Document.Assignment.VerificationId is { } id && await GrainFactory.GetGrain<IJobGrain>(id).FindAsync() is { HasEnded: false })
        {
            throw new AsrException(
                AsrErrorCode.OperationNotAllowed, $"VerifyReplication is not allowed: a verification of '{Document.Name}' is running.", $"Wait for job {id}, or stop it.", Document.Name);
        }
    }

    private Task ForgetVerificationsAsync() => Document is { VerifiedAt: null, Verification: null, VerificationTriedAt: null }
        ? Task.CompletedTask
        : SaveAsync(Document with { VerifiedAt = null, Verification = null, VerificationTriedAt = null, EarlierFindings = [] });

    /// <summary>
    /// Keeps what a verification has found before the report is answered: the agent mends what differs as soon as it knows that it was heard, and then nothing shows it any more. So a finding is kept also when the
    /// verification has been stopped meanwhile, and what an agent found before it restarted counts beside what it finds afterwards.
    /// </summary>
    private async Task KeepVerificationAsync(AgentReport report)
    {
        MachineDocument document = Document;
        AsrVerification? known = document.Verification?.Id == report.Verification?.Id ? document.Verification : null;
        if (report.Verification is not { } told || known?.EndTime is not null)
        {
            return;
        }
        IReadOnlyList<VerifiedDisk> earlier = known is null ? [] : known.RecoveryPointId == told.RecoveryPointId ? document.EarlierFindings : known.Disks;
        AsrVerification kept = told with
        {
            EndTime = told.EndTime is null ? null : time.GetUtcNow(),
            Disks = told.Disks.Select(disk => Join(earlier.FirstOrDefault(part => part.DiskId == disk.DiskId), disk)).ToArray(),
        };
        bool hasEnded = told.EndTime is not null && told.Id == document.Assignment.VerificationId;
        if (hasEnded || Different(kept) > (known is null ? 0 : Different(known)))
        {
            await SaveAsync(document with { Verification = kept, EarlierFindings = earlier, VerifiedAt = kept.IsEqual ? kept.EndTime : document.VerifiedAt });
            await CheckHealthAsync();
        }
    }

    private static VerifiedDisk Join(VerifiedDisk? earlier, VerifiedDisk disk) => earlier is null or { DifferentBytes: 0 }
        ? disk
        : disk with
        {
            DifferentBytes = earlier.DifferentBytes + disk.DifferentBytes,
            EqualBytes = Math.Max(0, disk.EqualBytes - earlier.DifferentBytes),
            Differences = earlier.Differences.Concat(disk.Differences).Take(ReplicationLimits.VerificationRangesMax).ToArray(),
        };

    private static List<HealthError> VerificationErrors(MachineDocument document, AsrReplicationPolicy? policy, DateTimeOffset now)
    {
        List<HealthError> errors = [];
        if (document.Verification is { } verification && Different(verification) > 0)
        {
            string where = string.Join("; ", verification.Disks.Where(disk => disk.DifferentBytes > 0).Select(Describe));
            errors.Add(new HealthError
            {
                Code = ReplicaDiffers,
                Severity = EventSeverity.Critical,
                Message = $"The replica of '{document.Name}' differed from its disks when they were compared: {where}.",
                Action = "What differed is sent anew. The recovery point that was compared and those before it may be wrong there: use later ones, find out what writes to the disks past the agent, and verify again.",
                Since = now,
            });
        }
        if (document.State == MachineState.Protected && policy is not null)
        {
            int days = policy.VerificationFrequencyDays;
            if (days > 0 && document.VerifiedAt is { } verified && now - verified > TimeSpan.FromDays((double)days * OverdueFrequencies))
            {
                errors.Add(new HealthError
                {
                    Code = VerificationOverdue,
                    Severity = EventSeverity.Warning,
                    Message = $"The replica of '{document.Name}' has not been found equal to its disks since {verified:u}; its policy asks for it every {days} days.",
                    Action = $"See the last verification (Get-AsrJob -Machine '{document.Name}'), and run Test-AsrReplication.",
                    Since = now,
                });
            }
        }
        return errors;
    }

    /// <summary>The limit of this time of the week goes to the agent when it has changed.</summary>
    private async Task FollowBandwidthAsync(AsrReplicationPolicy? policy)
    {
        MachineDocument document = Document;
        long? limit = policy is null ? null : BandwidthWindow.LimitAt(policy.BandwidthLimit, time.GetLocalNow());
        AgentAssignment assignment = Follow(document.Assignment, document.Assignment with { BandwidthBytesPerSecond = limit });
        if (assignment != document.Assignment)
        {
            await SaveAsync(document with { Assignment = assignment });
        }
    }

    private static long Different(AsrVerification verification) => verification.Disks.Sum(disk => disk.DifferentBytes);

    private static string Describe(VerifiedDisk disk)
    {
        string ranges = string.Join(", ", disk.Differences.Take(RangesShown).Select(range => $"{range.Length} bytes at {range.Offset}"));
        return $"disk '{disk.Name}' in {disk.DifferentBytes} bytes ({ranges}{(disk.Differences.Count > RangesShown ? " and more" : "")})";
    }
}
