using System;
using System.Collections.Concurrent;
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
    /// <summary>What the collections of points begin with; the machine's id follows.</summary>
    internal const string CollectionPrefix = "points-";

    private const int SwapAttemptsMax = 16;

    private readonly ICatalog _catalog;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<Guid, Machine> _machines = new();

    /// <summary>Uses the vault's catalog, and the system's clock unless another is given.</summary>
    public RecoveryPointLog(ICatalog catalog, TimeProvider? time = null)
    {
        _catalog = catalog;
        _time = time ?? TimeProvider.System;
    }

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
            await _catalog.WriteAsync(Collection(point.MachineId), documentId, Write(point), ifMatch: null, cancellationToken).ConfigureAwait(false);
            return point;
        }
        catch (AsrException lost) when (lost.Code == AsrErrorCode.AlreadyExists)
        {
            // The same request at the same time; whichever came first counts.
            return (await ReadAsync(point.MachineId, documentId, cancellationToken).ConfigureAwait(false))?.Point ?? point;
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<AsrRecoveryPoint>> ListAsync(Guid machineId, int countMax, CancellationToken cancellationToken) =>
        ListAsync(machineId, countMax, until: null, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AsrRecoveryPoint>> ListAsync(Guid machineId, int countMax, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        List<string> ids = await ListIdsAsync(machineId, cancellationToken).ConfigureAwait(false);
        string? limit = until is { } time ? TimePart(time) : null;
        List<AsrRecoveryPoint> points = [];
        for (int i = ids.Count - 1; i >= 0 && points.Count < countMax; i--)
        {
            if ((limit is null || string.CompareOrdinal(ids[i], 0, limit, 0, limit.Length) <= 0)
                && await ReadAsync(machineId, ids[i], cancellationToken).ConfigureAwait(false) is { } stored)
            {
                points.Add(stored.Point);
            }
        }

        return points;
    }

    /// <inheritdoc/>
    public async Task<AsrRecoveryPoint?> FindAsync(Guid machineId, Guid pointId, CancellationToken cancellationToken)
    {
        List<string> ids = await ListIdsAsync(machineId, cancellationToken).ConfigureAwait(false);
        return FindId(ids, pointId) is { } documentId ? (await ReadAsync(machineId, documentId, cancellationToken).ConfigureAwait(false))?.Point : null;
    }

    /// <inheritdoc/>
    public Task<AsrRecoveryPoint> ChangeAsync(Guid machineId, Guid pointId, RecoveryPointChange change, CancellationToken cancellationToken) => SwapAsync(
        machineId,
        pointId,
        point => point with
        {
            Pinned = change.Pinned ?? point.Pinned,
            Name = change.Name is { Length: 0 } ? null : change.Name ?? point.Name,
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task MarkAsync(Guid machineId, Guid pointId, Func<AsrRecoveryPoint, AsrRecoveryPoint> mark, CancellationToken cancellationToken)
    {
        try
        {
            await SwapAsync(machineId, pointId, mark, cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException gone) when (gone.Code == AsrErrorCode.NotFound)
        {
            // Removed meanwhile; there is nothing to mark.
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PointRemoval>> ThinAsync(
        Guid machineId, IReadOnlyList<RetentionTier> tiers, IReadOnlyCollection<Guid> inUse, CancellationToken cancellationToken)
    {
        Machine machine = _machines.GetOrAdd(machineId, static _ => new Machine());
        await machine.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            List<string> ids = await ListIdsAsync(machineId, cancellationToken).ConfigureAwait(false);
            await RefreshAsync(machineId, machine.Facts, ids, cancellationToken).ConfigureAwait(false);
            List<PointRemoval> removed = [];
            foreach (PointRemoval removal in ThinningPlanner.Plan([.. machine.Facts.Values], tiers, inUse, _time.GetUtcNow()))
            {
                string documentId = FindId(ids, removal.PointId)!;
                if (await TryDeleteAsync(machineId, documentId, deletePinned: false, cancellationToken).ConfigureAwait(false))
                {
                    removed.Add(removal);
                }

                // What stays although it was to go has changed since it was read.
                machine.Facts.Remove(documentId);
            }

            return removed;
        }
        finally
        {
            machine.Gate.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<DateTimeOffset?> DeleteAllAsync(Guid machineId, CancellationToken cancellationToken)
    {
        DateTimeOffset? last = null;
        foreach (string documentId in await ListIdsAsync(machineId, cancellationToken).ConfigureAwait(false))
        {
            if (!await TryDeleteAsync(machineId, documentId, deletePinned: true, cancellationToken).ConfigureAwait(false)
                && await ReadAsync(machineId, documentId, cancellationToken).ConfigureAwait(false) is { Point.ImmutableUntil: { } until }
                && (last is null || until > last))
            {
                last = until;
            }
        }

        return last;
    }

    private async Task<AsrRecoveryPoint> SwapAsync(Guid machineId, Guid pointId, Func<AsrRecoveryPoint, AsrRecoveryPoint> change, CancellationToken cancellationToken)
    {
        // One change of a machine at a time, or two points could take one name.
        Machine machine = _machines.GetOrAdd(machineId, static _ => new Machine());
        await machine.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (int attempt = 0; attempt < SwapAttemptsMax; attempt++)
            {
                List<string> ids = await ListIdsAsync(machineId, cancellationToken).ConfigureAwait(false);
                if (FindId(ids, pointId) is not { } documentId || await ReadAsync(machineId, documentId, cancellationToken).ConfigureAwait(false) is not { } stored)
                {
                    throw new AsrException(
                        AsrErrorCode.NotFound, $"There is no recovery point {pointId} of machine {machineId}.", "List the machine's recovery points; it may have expired.", pointId.ToString());
                }

                AsrRecoveryPoint changed = change(stored.Point);
                if (changed == stored.Point)
                {
                    return changed;
                }

                await CheckNameAsync(machineId, changed, ids, cancellationToken).ConfigureAwait(false);
                if (await TryWriteAsync(changed, documentId, stored.ETag, cancellationToken).ConfigureAwait(false))
                {
                    machine.Facts.Remove(documentId);
                    return changed;
                }
            }
        }
        finally
        {
            machine.Gate.Release();
        }

        throw new AsrException(AsrErrorCode.Conflict, $"Recovery point {pointId} is changed by others all the time.", "Try again.", pointId.ToString());
    }

    /// <summary>Where the documents of a machine's points are.</summary>
    internal static string Collection(Guid machineId) => $"{CollectionPrefix}{machineId:D}";

    private static string TimePart(DateTimeOffset time) => time.UtcTicks.ToString("x16", CultureInfo.InvariantCulture);

    private static string? FindId(List<string> documentIds, Guid pointId)
    {
        string ending = $"-{pointId:D}";
        return documentIds.Find(id => id.EndsWith(ending, StringComparison.Ordinal));
    }

    private static byte[] Write(AsrRecoveryPoint point) => JsonSerializer.SerializeToUtf8Bytes(point, AsrJson.Indented);

    private async Task<List<string>> ListIdsAsync(Guid machineId, CancellationToken cancellationToken)
    {
        List<string> ids = [];
        await foreach (string id in _catalog.ListIdsAsync(Collection(machineId), cancellationToken).ConfigureAwait(false))
        {
            ids.Add(id);
        }

        return ids;
    }

    private async Task<StoredPoint?> ReadAsync(Guid machineId, string documentId, CancellationToken cancellationToken)
    {
        CatalogDocument? document = await _catalog.ReadAsync(Collection(machineId), documentId, cancellationToken).ConfigureAwait(false);
        return document is null ? null : new StoredPoint(CatalogJson.Read<AsrRecoveryPoint>(Collection(machineId), document), document.ETag);
    }

    private async Task<bool> TryWriteAsync(AsrRecoveryPoint point, string documentId, string ifMatch, CancellationToken cancellationToken)
    {
        try
        {
            await _catalog.WriteAsync(Collection(point.MachineId), documentId, Write(point), ifMatch, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (AsrException lost) when (lost.Code == AsrErrorCode.Conflict)
        {
            return false;
        }
    }

    /// <summary>
    /// The one place where a point is removed, by what its document says at that moment and not by what was known before. False when it stays: it is immutable,
    /// pinned, or was changed in between.
    /// </summary>
    private async Task<bool> TryDeleteAsync(Guid machineId, string documentId, bool deletePinned, CancellationToken cancellationToken)
    {
        if (await ReadAsync(machineId, documentId, cancellationToken).ConfigureAwait(false) is not { } stored)
        {
            return true;
        }

        if (ImmutablePoints.IsImmutable(stored.Point, _time.GetUtcNow()) || (stored.Point.Pinned && !deletePinned))
        {
            return false;
        }

        try
        {
            await _catalog.DeleteAsync(Collection(machineId), documentId, stored.ETag, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (AsrException lost) when (lost.Code == AsrErrorCode.Conflict)
        {
            return false;
        }
    }

    /// <summary>
    /// Brings what is known of a machine's points up to date. A point's document changes only by pinning and naming. One that was not pinned when it was read is
    /// looked at again before it is removed; one that was is read every time, so that it goes when another process has unpinned it.
    /// </summary>
    private async Task RefreshAsync(Guid machineId, Dictionary<string, PointFacts> facts, List<string> documentIds, CancellationToken cancellationToken)
    {
        HashSet<string> present = [.. documentIds];
        foreach (string gone in facts.Keys.Where(known => !present.Contains(known)).ToArray())
        {
            facts.Remove(gone);
        }

        foreach (string documentId in documentIds)
        {
            if (facts.TryGetValue(documentId, out PointFacts known) && !known.Pinned)
            {
                continue;
            }

            if (await ReadAsync(machineId, documentId, cancellationToken).ConfigureAwait(false) is { } stored)
            {
                facts[documentId] = PointFacts.Of(stored.Point);
            }
            else
            {
                facts.Remove(documentId);
            }
        }
    }

    private async Task CheckNameAsync(Guid machineId, AsrRecoveryPoint named, List<string> documentIds, CancellationToken cancellationToken)
    {
        if (named.Name is null)
        {
            return;
        }

        foreach (string documentId in documentIds)
        {
            if (await ReadAsync(machineId, documentId, cancellationToken).ConfigureAwait(false) is { } other
                && other.Point.Id != named.Id
                && RecoveryPointName.Is(other.Point.Name, named.Name))
            {
                throw new AsrException(
                    AsrErrorCode.AlreadyExists, $"The recovery point of {other.Point.Time:u} of '{named.MachineName}' has the name '{other.Point.Name}' already.",
                    "Choose another name, or take it away from that point first.", named.Name);
            }
        }
    }

    private sealed record StoredPoint(AsrRecoveryPoint Point, string ETag);

    /// <summary>What is known of a machine's points, by document id. Under the gate.</summary>
    private sealed class Machine
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public Dictionary<string, PointFacts> Facts { get; } = [];
    }
}
