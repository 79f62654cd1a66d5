using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Scrub;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Upkeep;

namespace Asr.ProcessServer.Jobs.Definitions;

/// <summary>
/// Verifies the vault, or one machine's part of it, beside whatever the machines do. Stopped, by a person or a crash, the next one of the same scope goes on where it
/// was. Asked to repair, it starts the resynchronisation of the machines whose newest state is affected.
/// </summary>
public sealed class CheckVaultJob(IVault vault, VaultHealth health, IMachineService machines, TimeProvider time) : IJobDefinition
{
    // Findings make the job's document large; between two of its writes the scrub's own document has them.
    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    public IReadOnlyList<MachineOperation> Operations { get; } = [MachineOperation.CheckVault];

    /// <inheritdoc />
    public IReadOnlyList<JobStep> Plan(OperationRequest request)
    {
        JobStep check = new("check", "Read and verify every object", CheckAsync);
        return request.VaultCheck is { Repair: true } ? [check, new JobStep("repair", "Resynchronise the machines affected", RepairAsync)] : [check];
    }

    private async Task CheckAsync(JobContext context, CancellationToken cancellationToken)
    {
        VaultCheckRequest request = context.Request.VaultCheck!;
        ScrubOptions options = new()
        {
            Name = request.MachineId is { } machineId ? $"machine-{machineId:D}" : "vault",
            MachineId = request.MachineId,
            // What this very job began before a crash is not begun once more.
            Restart = request.Restart && context.Outputs.VaultCheck is null,
        };
        long savedAt = 0;
        await foreach (ScrubProgress progress in vault.ScrubAsync(options, cancellationToken))
        {
            AsrVaultCheck check = progress.Check;
            if (progress.Finding is { } finding)
            {
                await health.AnnounceAsync(finding, cancellationToken);
            }
            if (savedAt == 0 || check.EndTime is not null || (progress.Finding is not null && time.GetElapsedTime(savedAt) >= SaveInterval))
            {
                savedAt = time.GetTimestamp();
                await context.SaveOutputsAsync(context.Outputs with { VaultCheck = check });
            }
            await context.ReportAsync(new StepProgress(
                progress.ObjectsTotal == 0 ? null : Math.Min(100, 100.0 * check.ObjectsChecked / progress.ObjectsTotal), Describe(check), check.BytesChecked));
        }
        await health.RefreshAsync(cancellationToken);
    }

    private async Task RepairAsync(JobContext context, CancellationToken cancellationToken)
    {
        List<AsrVaultRepair> repairs = [];
        foreach (IGrouping<Guid?, AsrVaultFinding> machine in context.Outputs.VaultCheck!.Findings
            .Where(finding => finding is { AffectsHead: true, MachineId: not null })
            .GroupBy(finding => finding.MachineId))
        {
            Guid[] cut = machine.Where(finding => finding is { Problem: VaultProblem.Missing, Kind: not VaultObjectKind.Document })
                .Select(finding => finding.DiskId).OfType<Guid>().Distinct().ToArray();
            repairs.Add(await RepairAsync(context.JobId, machine.Key!.Value, cut, cancellationToken));
        }
        await context.SaveOutputsAsync(context.Outputs with { VaultCheck = context.Outputs.VaultCheck with { Repairs = repairs } });
        await context.ReportAsync(new StepProgress(
            100,
            repairs.Count == 0 ? "No machine's newest state is affected."
                : string.Join(" ", repairs.Select(repair => $"'{repair.MachineName}': {(repair.JobId is { } id ? $"job {id}" : repair.Reason)}."))));
    }

    /// <param name="jobId">This job.</param>
    /// <param name="machineId">The machine.</param>
    /// <param name="cutDiskIds">Disks whose stream has a gap: nothing behind it can be opened, so it has to go on before it, under a new epoch.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private async Task<AsrVaultRepair> RepairAsync(Guid jobId, Guid machineId, Guid[] cutDiskIds, CancellationToken cancellationToken)
    {
        AsrVaultRepair repair = new() { MachineId = machineId, MachineName = machineId.ToString() };
        try
        {
            AsrReplicatedMachine machine = await machines.GetAsync(machineId, cancellationToken);
            repair = repair with { MachineName = machine.Name };
            if (!machine.AgentConnected)
            {
                return repair with { Reason = "its agent does not report, so its source cannot be read" };
            }
            if (!machine.AllowedOperations.Contains(MachineOperation.Resynchronize))
            {
                return repair with { Reason = $"it is {machine.State}, which does not allow a resynchronisation now" };
            }
            foreach (AsrDisk disk in machine.Disks.Where(disk => cutDiskIds.Contains(disk.Id)))
            {
                // Ends the writer's session. Its agent opens the next one, finds the stream elsewhere than it knows, and compares the whole disk.
                OpenSessionRequest takeOver = new() { Nonce = DerivedId.Of(jobId, $"cut {disk.Id:D}"), SizeBytes = disk.SizeBytes, MachineId = machineId };
                await using IReplicaWriter writer = await vault.TakeOverAsync(disk.Id, takeOver, cancellationToken);
            }
            OperationRequest request = new() { RequestId = DerivedId.Of(jobId, $"resynchronize {machineId:D}"), Operation = MachineOperation.Resynchronize };
            return repair with { JobId = (await machines.StartAsync(machineId, request, "appliance", cancellationToken)).Id };
        }
        catch (AsrException refused) when (refused.Code is AsrErrorCode.OperationNotAllowed or AsrErrorCode.NotFound or AsrErrorCode.DiskSizeChanged
            or AsrErrorCode.SegmentMissing or AsrErrorCode.SegmentCorrupt or AsrErrorCode.VaultDocumentCorrupt)
        {
            return repair with { Reason = refused.Message };
        }
    }

    private static string Describe(AsrVaultCheck check) =>
        $"{check.ObjectsChecked} objects and {check.BytesChecked} bytes verified, {(check.FindingCount == 0 ? "nothing is damaged" : $"{check.FindingCount} damaged or missing")}.";
}
