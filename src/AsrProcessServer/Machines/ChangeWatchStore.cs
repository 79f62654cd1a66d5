using System;
using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.Engine.Vault;
using Asr.ProcessServer.Configuration;

namespace Asr.ProcessServer.Machines;

/// <summary>
/// What is known of each machine's usual changes, as one document of the collection <c>change-watch</c>. Written when an incident begins or ends, else once a minute at
/// most: losing a minute of it does no harm. One caller at a time for a machine, its grain.
/// </summary>
public sealed class ChangeWatchStore(ICatalog catalog, TimeProvider time)
{
    private static readonly TimeSpan WriteInterval = TimeSpan.FromMinutes(1);

    private readonly CatalogCollection<ChangeWatchState> _documents = new(catalog, "change-watch");
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _writtenAt = new();

    /// <summary>What is known, or nothing yet.</summary>
    public async Task<ChangeWatchState> ReadAsync(Guid machineId, CancellationToken cancellationToken) =>
        (await _documents.ReadAsync(Id(machineId), cancellationToken))?.Value ?? new ChangeWatchState();

    /// <summary>Keeps what is known from now on.</summary>
    public async Task WriteAsync(Guid machineId, ChangeWatchState state, bool atOnce, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (!atOnce && _writtenAt.TryGetValue(machineId, out DateTimeOffset last) && now - last < WriteInterval)
        {
            return;
        }
        Stored<ChangeWatchState>? stored = await _documents.ReadAsync(Id(machineId), cancellationToken);
        await _documents.WriteAsync(Id(machineId), state, stored?.ETag, cancellationToken);
        _writtenAt[machineId] = now;
    }

    /// <summary>Forgets a machine.</summary>
    public async Task DeleteAsync(Guid machineId, CancellationToken cancellationToken)
    {
        if (await _documents.ReadAsync(Id(machineId), cancellationToken) is { } stored)
        {
            await _documents.DeleteAsync(stored.Id, stored.ETag, cancellationToken);
        }
    }

    private static string Id(Guid machineId) => machineId.ToString("D");
}
