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

    /// <summary>Throws <see cref="AsrErrorCode.RecoveryPointImmutable"/> when a disk is part of an immutable point.</summary>
    /// <param name="catalog">The vault's documents.</param>
    /// <param name="diskId">The disk.</param>
    /// <param name="machines">The machines that have written it.</param>
    /// <param name="now">The clock that counts.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task DemandNoneAsync(ICatalog catalog, Guid diskId, IEnumerable<Guid> machines, DateTimeOffset now, CancellationToken cancellationToken)
    {
        RecoveryPointLog log = new(catalog);
        foreach (Guid machineId in machines.Distinct())
        {
            AsrRecoveryPoint? last = (await log.ListAsync(machineId, int.MaxValue, cancellationToken).ConfigureAwait(false))
                .Where(point => IsImmutable(point, now) && point.Disks.Any(disk => disk.DiskId == diskId))
                .MaxBy(static point => point.ImmutableUntil);
            if (last is not null)
            {
                throw new AsrException(
                    AsrErrorCode.RecoveryPointImmutable,
                    $"The data of disk {diskId} belongs to a recovery point of '{last.MachineName}' that is immutable until {last.ImmutableUntil:u}.",
                    "Wait until then; nothing shortens the window.",
                    diskId.ToString());
            }
        }
    }
}
