using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>
/// Has a machine's agent compare its disks with a recovery point that it makes for it, and notes on the point what came of it. The agent does the work and tells how far it is, so a restart of the
/// appliance goes on waiting; an agent that restarts begins anew, with a new point. Stands beside what the machine does and ends with its replication.
/// </summary>
public sealed class VerifyReplicationJob(ChangeSignals signals, IRecoveryPointLog points, PointsInUse inUse, TimeProvider time) : IJobDefinition
{
    /// <summary>An agent that is silent for so long is not waited for.</summary>
    private static readonly TimeSpan SilenceMax = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.VerifyReplication];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request) =>
    [
        new JobStep("compare", "Compare the disks with the replica", CompareAsync, EndAsync),
        new JobStep("note", "Note the result on the recovery point", NoteAsync),
    ];

    private async Task CompareAsync(JobContext context, CancellationToken cancellationToken)
    {
        await context.Machine.BeginVerificationAsync(context.JobId, context.Request.BytesPerSecondMax ?? ReplicationLimits.VerificationBytesPerSecondDefault);
        IDisposable? hold = null;
        Guid? held = null;
        long heardAt = time.GetTimestamp();
        try
        {
            while (true)
            {
                MachineView view = await signals.WaitAsync(context.MachineId, context.Machine.LookAsync, seen => EndOf(context, seen) is not null, Round, cancellationToken);
                if ((EndOf(context, view) ?? ToldBy(context, view)) is { } told)
                {
                    if (told.RecoveryPointId is { } pointId && pointId != held)
                    {
                        hold?.Dispose();
                        hold = inUse.Hold(context.MachineId, pointId);
                        held = pointId;
                    }
                    await context.ReportAsync(Progress(told));
                }
                if (EndOf(context, view) is { } ended)
                {
                    await context.SaveOutputsAsync(context.Outputs with { Verification = ended });
                    await context.ReportAsync(Progress(ended));
                    return;
                }
                heardAt = view.AgentConnected ? time.GetTimestamp() : heardAt;
                Check(context, view, heardAt);
            }
        }
        finally
        {
            hold?.Dispose();
        }
    }

    private async Task NoteAsync(JobContext context, CancellationToken cancellationToken)
    {
        AsrVerification verification = context.Outputs.Verification!;
        await context.Machine.EndVerificationAsync(context.JobId);
        if (verification.RecoveryPointId is { } pointId)
        {
            PointVerification noted = new()
            {
                VerificationId = verification.Id,
                EndTime = verification.EndTime!.Value,
                EqualBytes = verification.Disks.Sum(disk => disk.EqualBytes),
                EqualLaterBytes = verification.Disks.Sum(disk => disk.EqualLaterBytes),
                DifferentBytes = verification.Disks.Sum(disk => disk.DifferentBytes),
                UncomparedBytes = verification.Disks.Sum(disk => disk.UncomparedBytes),
            };
            await points.MarkAsync(context.MachineId, pointId, point => point with { Verification = noted }, cancellationToken);
        }
        if (verification.Error is { } error)
        {
            throw error.ToException();
        }
        await context.ReportAsync(Progress(verification));
    }

    private static async Task EndAsync(JobContext context, CancellationToken cancellationToken) => await context.Machine.EndVerificationAsync(context.JobId);

    private static AsrVerification? EndOf(JobContext context, MachineView view) =>
        view.Document.Verification is { EndTime: not null } kept && kept.Id == context.JobId ? kept : null;

    private static AsrVerification? ToldBy(JobContext context, MachineView view) => view.Report?.Verification is { } told && told.Id == context.JobId ? told : null;

    private void Check(JobContext context, MachineView view, long heardAt)
    {
        if (view.Document.State is not (MachineState.Protected or MachineState.Resynchronizing))
        {
            throw new AsrException(
                AsrErrorCode.OperationNotAllowed, $"'{context.MachineName}' is {view.Document.State} now: its disks are not compared any further.", "Verify it again once it is protected.", context.MachineName);
        }
        if (time.GetElapsedTime(heardAt) >= SilenceMax)
        {
            throw new AsrException(
                AsrErrorCode.AgentUnreachable, $"The agent of '{context.MachineName}' has not answered for {SilenceMax.TotalMinutes:0} minutes.", "Start the agent and verify again.", context.MachineName);
        }
    }

    private static StepProgress Progress(AsrVerification told)
    {
        long size = told.Disks.Sum(disk => disk.SizeBytes);
        long compared = size - told.Disks.Sum(disk => disk.UncomparedBytes);
        long different = told.Disks.Sum(disk => disk.DifferentBytes);
        string what = told.RecoveryPointTime is { } pointTime ? $"compared with the recovery point of {pointTime:u}" : "compared; the recovery point for it is being made";
        return new StepProgress(
            size == 0 ? null : 100.0 * compared / size, $"{compared} of {size} bytes {what}, {(different == 0 ? "none differ" : $"{different} differ")}.", told.ReadBytes);
    }
}
