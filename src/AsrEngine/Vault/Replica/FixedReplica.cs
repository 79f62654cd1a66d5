using System;
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

    private static async Task<ReplicaState> LoadAsync(ReplicaOpener opener, SegmentMap map, Branch branch, CancellationToken cancellationToken) =>
        new(map, branch, LayerStack.Of(await opener.OpenAsync(map, branch, 0, cancellationToken).ConfigureAwait(false)));
}
