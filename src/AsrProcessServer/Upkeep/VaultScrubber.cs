using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Scrub;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Upkeep;

/// <summary>
/// Verifies all that the vault holds once a week, in the background and as slowly as that allows. It goes on where it was after a restart, and on another appliance.
/// </summary>
public sealed class VaultScrubber(IVault vault, VaultHealth health, TimeProvider time, ILogger<VaultScrubber> logger) : BackgroundService
{
    /// <summary>Name of the scrub.</summary>
    public const string Name = "schedule";

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    /// <summary>After so long the pace is set anew.</summary>
    private static readonly TimeSpan SliceTime = TimeSpan.FromHours(1);

    private readonly ScrubLog _scrubs = new(vault.Catalog);
    private long _objectsTotal;

    /// <summary>Scrubs for a while, or to the end; false when none is due.</summary>
    public async Task<bool> ScrubAsync(CancellationToken cancellationToken)
    {
        AsrVaultCheck? last = await _scrubs.FindAsync(Name, cancellationToken);
        if (last is { EndTime: not null } && time.GetUtcNow() < last.StartTime + ScrubPace.Cycle)
        {
            return false;
        }
        AsrVaultCheck present = last is { EndTime: null } ? last : new AsrVaultCheck { StartTime = time.GetUtcNow() };
        ScrubOptions options = new() { Name = Name, BytesPerSecondMax = ScrubPace.BytesPerSecond(present, _objectsTotal, time.GetUtcNow()) };
        long begun = time.GetTimestamp();
        await foreach (ScrubProgress progress in vault.ScrubAsync(options, cancellationToken))
        {
            _objectsTotal = progress.ObjectsTotal;
            if (progress.Finding is { } finding)
            {
                UpkeepLog.ScrubFound(logger, finding.Message, finding.AffectedPointCount);
                await health.AnnounceAsync(finding, cancellationToken);
            }
            if (progress.Check is { EndTime: not null } check)
            {
                UpkeepLog.Scrubbed(logger, check.ObjectsChecked, check.BytesChecked, check.FindingCount);
            }
            else if (time.GetElapsedTime(begun) >= SliceTime)
            {
                break;
            }
        }
        await health.RefreshAsync(cancellationToken);
        return true;
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Not at once: after a start, replication catches up first.
        await Task.Delay(Pause, time, stoppingToken);
        while (true)
        {
            bool goesOn = false;
            try
            {
                goesOn = await ScrubAsync(stoppingToken);
            }
            catch (AsrException taken) when (taken.Code == AsrErrorCode.Conflict)
            {
                // Another appliance of this vault does it.
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                UpkeepLog.ScrubFailed(logger, error);
            }
            if (!goesOn)
            {
                await Task.Delay(Pause, time, stoppingToken);
            }
        }
    }
}
