using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;

namespace Asr.Engine.Points;

/// <summary>The rule that a recovery point inside its window, and the data it stands on, is not removed. Asked right above the storage, whoever wants to remove.</summary>
internal static class ImmutablePoints
{
    /// <summary>True while no one may remove the point.</summary>
    public static bool IsImmutable(AsrRecoveryPoint point, DateTimeOffset now) => point.ImmutableUntil > now;

    /// <summary>The immutable points that a disk is part of.</summary>
    /// <param name="catalog">The vault's documents.</param>
    /// <param name="diskId">The disk.</param>
    /// <param name="machines">The machines that have written it.</param>
    /// <param name="now">The clock that counts.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<IReadOnlyList<AsrRecoveryPoint>> ListAsync(
        ICatalog catalog, Guid diskId, IEnumerable<Guid> machines, DateTimeOffset now, CancellationToken cancellationToken)
    {
        RecoveryPointLog log = new(catalog);
        List<AsrRecoveryPoint> immutable = [];
        foreach (Guid machineId in machines.Distinct())
        {
            immutable.AddRange((await log.ListAsync(machineId, int.MaxValue, cancellationToken).ConfigureAwait(false))
                .Where(point => IsImmutable(point, now) && point.Disks.Any(disk => disk.DiskId == diskId)));
        }

        return immutable;
    }

    /// <summary>Throws <see cref="AsrErrorCode.RecoveryPointImmutable"/> when a disk is part of an immutable point.</summary>
    public static async Task DemandNoneAsync(ICatalog catalog, Guid diskId, IEnumerable<Guid> machines, DateTimeOffset now, CancellationToken cancellationToken)
    {
        IReadOnlyList<AsrRecoveryPoint> immutable = await ListAsync(catalog, diskId, machines, now, cancellationToken).ConfigureAwait(false);
        if (immutable.MaxBy(static point => point.ImmutableUntil) is { } last)
        {
            throw new AsrException(
                AsrErrorCode.RecoveryPointImmutable,
                $"The data of disk {diskId} belongs to a recovery point of '{last.MachineName}' that is immutable until {last.ImmutableUntil:u}.",
                "Wait until then; nothing shortens the window.",
                diskId.ToString());
        }
    }
}
