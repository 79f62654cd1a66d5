using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;

namespace Asr.Engine.Vault.Scrub;

/// <summary>Reads recovery points where some of their documents may be damaged: those are passed over, and are findings of their own.</summary>
internal sealed class ScrubPoints(ICatalog catalog)
{
    /// <summary>The machine whose points a collection holds, or null for a collection of something else.</summary>
    public static Guid? MachineOf(string collection) =>
        collection.StartsWith(RecoveryPointLog.CollectionPrefix, StringComparison.Ordinal) && Guid.TryParseExact(collection.AsSpan(RecoveryPointLog.CollectionPrefix.Length), "D", out Guid machineId) ? machineId : null;

    /// <summary>What the name of a point's document tells of the point, or null.</summary>
    public static AsrAffectedPoint? FromName(Guid machineId, string id) =>
        id.Length > 17
        && long.TryParse(id.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long ticks)
        && ticks >= DateTime.MinValue.Ticks
        && ticks <= DateTime.MaxValue.Ticks
        && Guid.TryParseExact(id.AsSpan(17), "D", out Guid pointId)
            ? new AsrAffectedPoint { MachineId = machineId, RecoveryPointId = pointId, Time = new DateTimeOffset(ticks, TimeSpan.Zero) }
            : null;

    /// <summary>The points of these machines that a disk is part of, newest first.</summary>
    public async Task<IReadOnlyList<(AsrRecoveryPoint Point, StreamPosition Position)>> OfDiskAsync(Guid diskId, IEnumerable<Guid> machines, CancellationToken cancellationToken)
    {
        List<(AsrRecoveryPoint Point, StreamPosition Position)> found = [];
        foreach (Guid machineId in machines.Distinct())
        {
            await foreach (AsrRecoveryPoint point in OfMachineAsync(machineId, cancellationToken).ConfigureAwait(false))
            {
                found.AddRange(point.Disks.Where(disk => disk.DiskId == diskId).Select(disk => (point, new StreamPosition(disk.Epoch, disk.Sequence))));
            }
        }

        return [.. found.OrderByDescending(static known => known.Point.Time)];
    }

    /// <summary>The machines that have points.</summary>
    public async Task<IReadOnlyList<Guid>> MachinesAsync(CancellationToken cancellationToken) =>
        [.. (await catalog.ListCollectionsAsync(cancellationToken).ToArrayAsync(cancellationToken).ConfigureAwait(false)).Select(MachineOf).OfType<Guid>()];

    /// <summary>A point as findings name it.</summary>
    public static AsrAffectedPoint Name(AsrRecoveryPoint point) =>
        new() { RecoveryPointId = point.Id, MachineId = point.MachineId, MachineName = point.MachineName, Time = point.Time };

    // Those left out are told when the documents are verified.
    private IAsyncEnumerable<AsrRecoveryPoint> OfMachineAsync(Guid machineId, CancellationToken cancellationToken) => ReadablePoints.ListAsync(
        catalog, machineId, static code => code is AsrErrorCode.VaultDocumentCorrupt or AsrErrorCode.VaultUnavailable, cancellationToken);
}
