using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;

namespace Asr.Engine.Points;

/// <summary>The positions of a disk that published recovery points name. Each was durable when its point was published.</summary>
internal static class PublishedPositions
{
    /// <summary>The positions, in no order. A point whose document is damaged is left out: it must not keep a writer from going on, and is told where points are listed.</summary>
    /// <param name="catalog">The vault's documents.</param>
    /// <param name="diskId">The disk.</param>
    /// <param name="machines">The machines that have written it.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<IReadOnlyList<StreamPosition>> ListAsync(ICatalog catalog, Guid diskId, IEnumerable<Guid> machines, CancellationToken cancellationToken)
    {
        List<StreamPosition> positions = [];
        foreach (Guid machineId in machines.Distinct())
        {
            await foreach (AsrRecoveryPoint point in ReadablePoints.ListAsync(
                catalog, machineId, static code => code == AsrErrorCode.VaultDocumentCorrupt, cancellationToken).ConfigureAwait(false))
            {
                positions.AddRange(point.Disks.Where(disk => disk.DiskId == diskId).Select(static disk => new StreamPosition(disk.Epoch, disk.Sequence)));
            }
        }

        return positions;
    }
}
