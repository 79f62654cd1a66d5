using System;
using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Vault;

/// <summary>
/// Which machine writes each disk, for deciding who may touch it. Owners are remembered: a disk's id is made by its machine's agent and stays with that
/// machine for as long as the vault holds the disk. Safe for concurrent callers.
/// </summary>
public sealed class DiskOwners(ICatalog catalog)
{
    private readonly DiskDocuments _disks = new(catalog);
    private readonly ConcurrentDictionary<Guid, Guid> _known = new();

    /// <summary>The machine, or null when the vault holds no such disk.</summary>
    public async ValueTask<Guid?> FindAsync(Guid diskId, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(diskId, out Guid known))
        {
            return known;
        }

        (DiskDocument Document, string ETag)? stored = await _disks.ReadAsync(diskId, cancellationToken).ConfigureAwait(false);
        return stored is { Document: { Deleted: false, Epochs: [.., { MachineId: Guid machineId }] } } ? _known.GetOrAdd(diskId, machineId) : null;
    }
}
