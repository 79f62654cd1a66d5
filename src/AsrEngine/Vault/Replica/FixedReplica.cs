using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Vault.Index;

namespace Asr.Engine.Vault.Replica;

/// <summary>The state of one position, which never changes; only the objects that hold it may. Safe for concurrent callers.</summary>
internal sealed class FixedReplica : IReplicaState, IDisposable
{
    private readonly ReplicaOpener _opener;
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private ReplicaState _current;

    private FixedReplica(ReplicaOpener opener, ReplicaState state)
    {
        _opener = opener;
        _current = state;
    }

    /// <inheritdoc/>
    public ReplicaState Current => Volatile.Read(ref _current);

    public static async Task<FixedReplica> OpenAsync(ReplicaOpener opener, SegmentMap map, Branch branch, CancellationToken cancellationToken) =>
        new(opener, await LoadAsync(opener, map, branch, cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public async Task RenewAsync(ReplicaState seen, StoredObjectException problem, CancellationToken cancellationToken)
    {
        await _renewing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (Current != seen)
            {
                return;
            }

            if (!ReplicaOpener.MayBeNews(problem))
            {
                throw problem;
            }

            SegmentMap map = await SegmentMap.ListAsync(_opener.Store, _opener.DiskId, cancellationToken).ConfigureAwait(false);
            if (!_opener.IsNews(problem, map))
            {
                throw problem;
            }

            Volatile.Write(ref _current, await LoadAsync(_opener, map, seen.Branch, cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            _renewing.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _renewing.Dispose();

    // A position is opened whole or not at all. That reads pages of index runs where something is damaged, and one of those may be, too.
    private static async Task<ReplicaState> LoadAsync(ReplicaOpener opener, SegmentMap map, Branch branch, CancellationToken cancellationToken)
    {
        while (true)
        {
            (map, List<PlacedLayer> placed) = await opener.OpenFreshAsync(map, branch, 0, cancellationToken).ConfigureAwait(false);
            LayerStack layers = LayerStack.Of(placed);
            try
            {
                return await layers.FindProblemAsync(opener.DiskSectors, cancellationToken).ConfigureAwait(false) is { } problem
                    ? throw problem
                    : new ReplicaState(map, branch, layers);
            }
            catch (StoredObjectException damaged) when (damaged.Object.Kind == SegmentKind.Index && opener.IsNews(damaged, map))
            {
                // Opened without that run.
            }
        }
    }
}
