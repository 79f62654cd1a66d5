using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Configuration;

/// <summary>
/// Events as one catalog document each. Ids begin with the time, so the catalog's order is the order of events and no index is needed.
/// </summary>
internal sealed class EventLog(ICatalog catalog, TimeProvider time, ILogger<EventLog> logger) : IEventLog
{
    /// <summary>Events kept at least; the oldest beyond it are removed.</summary>
    public const int KeptCount = 2_000;

    // Listing the collection to count it is the costly part, so it is done once per this many new events.
    private const int TrimInterval = 100;
    private readonly CatalogCollection<AsrEvent> _events = new(catalog, "events");
    private int _added;

    /// <inheritdoc/>
    public async Task<AsrEvent> AddAsync(AsrEvent happened, CancellationToken cancellationToken)
    {
        AsrEvent kept = happened with { Id = Guid.NewGuid(), Time = time.GetUtcNow() };
        await _events.WriteAsync($"{kept.Time.UtcTicks:d19}-{kept.Id:n}", kept, ifMatch: null, cancellationToken);
        ConfigurationLog.EventHappened(logger, kept.Severity, kept.Code, kept.MachineName, kept.Message);
        if (Interlocked.Increment(ref _added) % TrimInterval == 0)
        {
            await TrimAsync(cancellationToken);
        }

        return kept;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AsrEvent>> ListAsync(int countMax, CancellationToken cancellationToken)
    {
        List<string> ids = await _events.ListIdsAsync(cancellationToken);
        List<AsrEvent> newest = [];
        for (int i = ids.Count - 1; i >= 0 && newest.Count < countMax; i--)
        {
            if (await _events.ReadAsync(ids[i], cancellationToken) is { } stored)
            {
                newest.Add(stored.Value);
            }
        }

        return newest;
    }

    private async Task TrimAsync(CancellationToken cancellationToken)
    {
        List<string> ids = await _events.ListIdsAsync(cancellationToken);
        for (int i = 0; i < ids.Count - KeptCount; i++)
        {
            if (await _events.ReadAsync(ids[i], cancellationToken) is { } stored)
            {
                await _events.DeleteAsync(stored.Id, stored.ETag, cancellationToken);
            }
        }
    }
}
