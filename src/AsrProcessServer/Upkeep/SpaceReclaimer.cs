using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Machines;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Upkeep;

/// <summary>
/// Gives back what removed recovery points alone needed: compacts the disks of every machine, one after the other, in the background and within a bandwidth
/// budget. Replication, drills and failovers go on beside it. One machine's trouble never keeps it from the others.
/// </summary>
public sealed class SpaceReclaimer(
    IVault vault,
    MachineDirectory directory,
    IRecoveryPointLog points,
    IPolicyStore policies,
    TimeProvider time,
    ILogger<SpaceReclaimer> logger) : BackgroundService
{
    /// <summary>Between two rounds. What becomes free in it is a small part of what a vault holds.</summary>
    private static readonly TimeSpan RoundInterval = TimeSpan.FromMinutes(10);

    /// <summary>Compacts every disk of a machine that has recovery points.</summary>
    public async Task ReclaimAsync(MachineDocument machine, CompactionOptions options, CancellationToken cancellationToken)
    {
        IReadOnlyList<AsrRecoveryPoint> kept = await points.ListAsync(machine.Id, int.MaxValue, cancellationToken);
        if (kept.Count == 0)
        {
            // A first copy is under way, or the machine is not protected: nothing says yet what will be needed.
            return;
        }
        TimeSpan window = machine.PolicyName is null ? TimeSpan.Zero : (await policies.GetAsync(machine.PolicyName, cancellationToken)).ContinuousWindow;
        foreach (Guid diskId in kept.SelectMany(static point => point.Disks).Select(static disk => disk.DiskId).Distinct().ToArray())
        {
            CompactionResult result = await vault.CompactAsync(diskId, KeptOf(kept, diskId, time.GetUtcNow() - window), options, cancellationToken);
            if (result.PacksWritten > 0 || result.RunsDeleted > 0)
            {
                UpkeepLog.Reclaimed(logger, result.BytesBefore - result.BytesAfter, diskId, machine.Name, result.ObjectsReplaced, result.PacksWritten, result.RunsDeleted);
            }
            foreach (string problem in result.Damaged)
            {
                UpkeepLog.Damaged(logger, machine.Name, problem);
            }
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(RoundInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await ReclaimAllAsync(stoppingToken);
        }
    }

    // Every position stays from the newest point that is older than the window; when all are younger, from the oldest one. So the next point to be published, which
    // comes after every published one, stays too.
    private static KeptHistory KeptOf(IReadOnlyList<AsrRecoveryPoint> newestFirst, Guid diskId, DateTimeOffset windowStart)
    {
        (DateTimeOffset Time, StreamPosition Position)[] positions = [.. newestFirst
            .SelectMany(point => point.Disks.Where(disk => disk.DiskId == diskId).Select(disk => (point.Time, new StreamPosition(disk.Epoch, disk.Sequence))))];
        (DateTimeOffset Time, StreamPosition Position)[] before = [.. positions.SkipWhile(position => position.Time > windowStart)];
        return new KeptHistory
        {
            Points = [.. positions.Select(static position => position.Position)],
            ContinuousFrom = before.Length > 0 ? before[0].Position : positions[^1].Position,
        };
    }

    private async Task ReclaimAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (MachineDocument machine in await directory.ListAsync(cancellationToken))
            {
                await TryReclaimAsync(machine, cancellationToken);
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            UpkeepLog.RoundFailed(logger, error);
        }
    }

    private async Task TryReclaimAsync(MachineDocument machine, CancellationToken cancellationToken)
    {
        try
        {
            await ReclaimAsync(machine, new CompactionOptions(), cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            UpkeepLog.ReclaimFailed(logger, machine.Name, error);
        }
    }
}
