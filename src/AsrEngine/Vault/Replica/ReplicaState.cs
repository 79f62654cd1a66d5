using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Vault.Index;

namespace Asr.Engine.Vault.Replica;

/// <summary>Where to find what a disk holds at a position: its index, its branch, and the objects there are.</summary>
/// <param name="Map">The objects.</param>
/// <param name="Branch">Which epoch wrote which change.</param>
/// <param name="Layers">The index.</param>
internal sealed record ReplicaState(SegmentMap Map, Branch Branch, LayerStack Layers);

/// <summary>Gives the state to read by. Safe for concurrent callers.</summary>
internal interface IReplicaState
{
    /// <summary>The state now.</summary>
    ReplicaState Current { get; }

    /// <summary>
    /// Called when something that <paramref name="seen"/> names is gone or damaged: compaction may have moved it, and an index run can be done without.
    /// Brings a newer state about, or throws <paramref name="problem"/> again when that would not help.
    /// </summary>
    Task RenewAsync(ReplicaState seen, StoredObjectException problem, CancellationToken cancellationToken);
}
