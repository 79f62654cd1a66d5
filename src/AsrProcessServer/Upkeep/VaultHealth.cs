using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Scrub;
using Asr.ProcessServer.Configuration;

namespace Asr.ProcessServer.Upkeep;

/// <summary>What scrubs have found, as events and as health errors of the machines concerned. Safe for concurrent callers.</summary>
public sealed class VaultHealth(ICatalog catalog, IEventLog events, TimeProvider time)
{
    /// <summary>Code of the health error.</summary>
    public const string Damaged = "VaultDamaged";

    /// <summary>Code of the event about one object.</summary>
    public const string ObjectDamaged = "VaultObjectDamaged";

    private readonly ScrubLog _scrubs = new(catalog);
    private IReadOnlyList<AsrVaultFinding>? _findings;

    /// <summary>False before the first reading: nothing is known of any machine then.</summary>
    public bool IsKnown => Volatile.Read(ref _findings) is not null;

    /// <summary>Tells of a finding.</summary>
    public async Task AnnounceAsync(AsrVaultFinding finding, CancellationToken cancellationToken)
    {
        string points = finding.AffectedPointCount == 0 ? "No recovery point needs it." : $"{finding.AffectedPointCount} recovery points cannot be read whole.";
        await events.AddAsync(
            new AsrEvent
            {
                Severity = SeverityOf(finding),
                Code = ObjectDamaged,
                Message = $"{finding.Message} {points}",
                Action = finding.Action,
                MachineId = finding.MachineId,
                MachineName = finding.AffectedPoints.FirstOrDefault(point => point.MachineId == finding.MachineId)?.MachineName,
            },
            cancellationToken);
    }

    /// <summary>Reads anew what is known to be wrong.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken) => Volatile.Write(ref _findings, await _scrubs.ListFindingsAsync(cancellationToken));

    /// <summary>The health error of a machine, or null.</summary>
    public HealthError? FindError(Guid machineId, string machineName)
    {
        AsrVaultFinding[] concerned = [.. (Volatile.Read(ref _findings) ?? [])
            .Where(finding => finding.MachineId == machineId || finding.AffectedPoints.Any(point => point.MachineId == machineId))];
        if (concerned.Length == 0)
        {
            return null;
        }
        int points = concerned.SelectMany(finding => finding.AffectedPoints).Where(point => point.MachineId == machineId).Select(point => point.RecoveryPointId).Distinct().Count();
        bool affectsHead = concerned.Any(finding => finding.AffectsHead);
        string meaning = affectsHead ? $"{points} recovery points cannot be read whole, and neither can the newest state"
            : points > 0 ? $"{points} recovery points cannot be read whole"
            : "no recovery point needs them";
        return new HealthError
        {
            Code = Damaged,
            Severity = concerned.Max(SeverityOf),
            Message = $"{concerned.Length} objects that the vault holds of '{machineName}' are damaged or missing; {meaning}. {concerned[0].Message}",
            Action = affectsHead
                ? "Check the vault's storage and resynchronise the machine (Test-AsrVault -Repair); recovery points made after it are whole. Then check the vault again."
                : "Check the vault's storage. Choose recovery points that are not affected, and check the vault again once those that are have expired.",
            Since = time.GetUtcNow(),
        };
    }

    private static EventSeverity SeverityOf(AsrVaultFinding finding) =>
        finding.AffectsHead || finding.AffectedPointCount > 0 ? EventSeverity.Critical : EventSeverity.Warning;
}
