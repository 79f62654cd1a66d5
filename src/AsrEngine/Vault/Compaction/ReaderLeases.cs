using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault.Compaction;

/// <summary>
/// Tells who reads which position, so that compaction leaves it whole: documents (collection <c>readers</c>), since reader and compactor may be different
/// processes on different machines. A reader notes its lease first and asks second whether the position is kept; a compactor narrows what is kept first and
/// asks for leases second: one of the two sees the other. Safe for concurrent callers.
/// </summary>
internal sealed class ReaderLeases(ICatalog catalog, TimeProvider time) : IAsyncDisposable
{
    private const string Collection = "readers";

    /// <summary>How long a lease lasts without renewal. A reader that sleeps longer may find changes gone, and is told so.</summary>
    private static readonly TimeSpan LeaseTime = TimeSpan.FromHours(1);

    private static readonly TimeSpan RenewalTime = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<Guid, ReaderLease> _own = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task? _renewing;

    /// <summary>Takes a lease. A vault that cannot be written, full or read-only, can be read all the same: then only this process knows of the reader.</summary>
    public async Task<Guid> TakeAsync(Guid diskId, StreamPosition position, CancellationToken cancellationToken)
    {
        Guid id = Guid.NewGuid();
        ReaderLease lease = new() { DiskId = diskId, Position = position };
        _own[id] = lease;
        await TryWriteAsync(id, lease, cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            _renewing ??= Task.Run(RenewAsync, CancellationToken.None);
        }

        return id;
    }

    /// <summary>Gives a lease back.</summary>
    public async ValueTask ReturnAsync(Guid id)
    {
        if (_own.TryRemove(id, out _))
        {
            await TryDeleteAsync(id).ConfigureAwait(false);
        }
    }

    /// <summary>The positions of a disk that someone reads. Leases that have run out are removed on the way.</summary>
    public async Task<IReadOnlyList<StreamPosition>> ListAsync(Guid diskId, CancellationToken cancellationToken)
    {
        List<StreamPosition> positions = [];
        foreach (ReaderLease lease in _own.Values)
        {
            if (lease.DiskId == diskId)
            {
                positions.Add(lease.Position);
            }
        }

        await foreach (CatalogDocument document in catalog.ListAsync(Collection, cancellationToken).ConfigureAwait(false))
        {
            ReaderLease lease = CatalogJson.Read<ReaderLease>(Collection, document);
            if (lease.ExpiresAt < time.GetUtcNow())
            {
                await catalog.DeleteAsync(Collection, document.Id, document.ETag, cancellationToken).ConfigureAwait(false);
            }
            else if (lease.DiskId == diskId)
            {
                positions.Add(lease.Position);
            }
        }

        return positions;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_renewing is not null)
        {
            await _renewing.ConfigureAwait(false);
        }

        foreach (Guid id in _own.Keys)
        {
            await ReturnAsync(id).ConfigureAwait(false);
        }

        _stop.Dispose();
    }

    private async Task RenewAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(RenewalTime, time, _stop.Token).ConfigureAwait(false);
                foreach ((Guid id, ReaderLease lease) in _own)
                {
                    await TryWriteAsync(id, lease, _stop.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task TryWriteAsync(Guid id, ReaderLease lease, CancellationToken cancellationToken)
    {
        try
        {
            CatalogDocument? stored = await catalog.ReadAsync(Collection, id.ToString("D"), cancellationToken).ConfigureAwait(false);
            byte[] content = JsonSerializer.SerializeToUtf8Bytes(lease with { ExpiresAt = time.GetUtcNow() + LeaseTime }, AsrJson.Indented);
            await catalog.WriteAsync(Collection, id.ToString("D"), content, stored?.ETag, cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException)
        {
            // Renewed at the next turn; a lease that could not be written is one of this process.
        }
    }

    private async Task TryDeleteAsync(Guid id)
    {
        try
        {
            CatalogDocument? stored = await catalog.ReadAsync(Collection, id.ToString("D"), CancellationToken.None).ConfigureAwait(false);
            if (stored is not null)
            {
                await catalog.DeleteAsync(Collection, stored.Id, stored.ETag, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (AsrException)
        {
            // It runs out by itself.
        }
    }
}

/// <summary>Someone reads a disk at a position.</summary>
internal sealed record ReaderLease
{
    /// <summary>The disk.</summary>
    public Guid DiskId { get; init; }

    /// <summary>The position.</summary>
    public StreamPosition Position { get; init; }

    /// <summary>When it runs out unless renewed.</summary>
    public DateTimeOffset ExpiresAt { get; init; }
}
