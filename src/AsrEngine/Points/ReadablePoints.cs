using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;

namespace Asr.Engine.Points;

/// <summary>Reads recovery points for those whom one that cannot be read must not stop.</summary>
internal static class ReadablePoints
{
    /// <summary>A machine's points, in no order. Those that cannot be read are left out; they are told where points are listed and documents verified.</summary>
    /// <param name="catalog">The vault's documents.</param>
    /// <param name="machineId">The machine.</param>
    /// <param name="isLeftOut">Which errors leave a point out; any other ends the reading.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async IAsyncEnumerable<AsrRecoveryPoint> ListAsync(
        ICatalog catalog, Guid machineId, Func<AsrErrorCode, bool> isLeftOut, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string collection = RecoveryPointLog.Collection(machineId);
        await foreach (string id in catalog.ListIdsAsync(collection, cancellationToken).ConfigureAwait(false))
        {
            AsrRecoveryPoint? point = null;
            try
            {
                if (await catalog.ReadAsync(collection, id, cancellationToken).ConfigureAwait(false) is { } document)
                {
                    point = CatalogJson.Read<AsrRecoveryPoint>(collection, document);
                }
            }
            catch (AsrException error) when (isLeftOut(error.Code))
            {
            }

            if (point is not null)
            {
                yield return point;
            }
        }
    }
}
