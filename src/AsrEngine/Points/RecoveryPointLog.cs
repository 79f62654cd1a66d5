using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;

namespace Asr.Engine.Points;

/// <summary>
/// <see cref="IRecoveryPointLog"/> over the catalog: one document per point in <c>points-MACHINE</c>, named by the point's time and id, so that
/// the order of names is the order of time and listing the newest reads only those.
/// </summary>
public sealed class RecoveryPointLog : IRecoveryPointLog
{
    private readonly ICatalog _catalog;

    /// <summary>Uses the vault's catalog.</summary>
    public RecoveryPointLog(ICatalog catalog) => _catalog = catalog;

    /// <inheritdoc/>
    public async Task<AsrRecoveryPoint> PublishAsync(AsrRecoveryPoint point, CancellationToken cancellationToken)
    {
        string documentId = $"{TimePart(point.Time)}-{point.Id:D}";
        AsrRecoveryPoint? stored = await FindAsync(point.MachineId, point.Id, cancellationToken).ConfigureAwait(false);
        if (stored is not null)
        {
            return stored;
        }

        try
        {
            await _catalog.WriteAsync(Collection(point.MachineId), documentId, JsonSerializer.SerializeToUtf8Bytes(point, AsrJson.Indented), ifMatch: null, cancellationToken)
                .ConfigureAwait(false);
            return point;
        }
        catch (AsrException lost) when (lost.Code == AsrErrorCode.AlreadyExists)
        {
            // The same request at the same time; whichever came first counts.
            return await ReadAsync(point.MachineId, documentId, cancellationToken).ConfigureAwait(false) ?? point;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AsrRecoveryPoint>> ListAsync(Guid machineId, int countMax, CancellationToken cancellationToken)
    {
        List<string> ids = await ListIdsAsync(machineId, cancellationToken).ConfigureAwait(false);
        List<AsrRecoveryPoint> points = [];
        for (int i = ids.Count - 1; i >= 0 && points.Count < countMax; i--)
        {
            if (await ReadAsync(machineId, ids[i], cancellationToken).ConfigureAwait(false) is { } point)
            {
                points.Add(point);
            }
        }

        return points;
    }

    /// <inheritdoc/>
    public async Task<AsrRecoveryPoint?> FindAsync(Guid machineId, Guid pointId, CancellationToken cancellationToken)
    {
        string ending = $"-{pointId:D}";
        foreach (string id in await ListIdsAsync(machineId, cancellationToken).ConfigureAwait(false))
        {
            if (id.EndsWith(ending, StringComparison.Ordinal))
            {
                return await ReadAsync(machineId, id, cancellationToken).ConfigureAwait(false);
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async Task<int> ExpireAsync(Guid machineId, DateTimeOffset before, IReadOnlyCollection<Guid> inUse, CancellationToken cancellationToken)
    {
        List<string> ids = await ListIdsAsync(machineId, cancellationToken).ConfigureAwait(false);
        string limit = TimePart(before);
        int expired = 0;
        for (int i = 0; i < ids.Count - 1 && string.CompareOrdinal(ids[i], limit) < 0; i++)
        {
            if (!inUse.Any(id => ids[i].EndsWith($"-{id:D}", StringComparison.Ordinal)))
            {
                await DeleteAsync(machineId, ids[i], cancellationToken).ConfigureAwait(false);
                expired++;
            }
        }

        return expired;
    }

    /// <inheritdoc/>
    public async Task DeleteAllAsync(Guid machineId, CancellationToken cancellationToken)
    {
        foreach (string id in await ListIdsAsync(machineId, cancellationToken).ConfigureAwait(false))
        {
            await DeleteAsync(machineId, id, cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Collection(Guid machineId) => $"points-{machineId:D}";

    private static string TimePart(DateTimeOffset time) => time.UtcTicks.ToString("x16", CultureInfo.InvariantCulture);

    private async Task<List<string>> ListIdsAsync(Guid machineId, CancellationToken cancellationToken)
    {
        List<string> ids = [];
        await foreach (string id in _catalog.ListIdsAsync(Collection(machineId), cancellationToken).ConfigureAwait(false))
        {
            ids.Add(id);
        }

        return ids;
    }

    private async Task<AsrRecoveryPoint?> ReadAsync(Guid machineId, string documentId, CancellationToken cancellationToken)
    {
        CatalogDocument? document = await _catalog.ReadAsync(Collection(machineId), documentId, cancellationToken).ConfigureAwait(false);
        return document is null ? null : CatalogJson.Read<AsrRecoveryPoint>(Collection(machineId), document);
    }

    private async Task DeleteAsync(Guid machineId, string documentId, CancellationToken cancellationToken)
    {
        CatalogDocument? document = await _catalog.ReadAsync(Collection(machineId), documentId, cancellationToken).ConfigureAwait(false);
        if (document is not null)
        {
            await _catalog.DeleteAsync(Collection(machineId), documentId, document.ETag, cancellationToken).ConfigureAwait(false);
        }
    }
}
