using System;
using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Vault;

namespace Asr.ProcessServer.Process;

/// <summary>
/// <see cref="IDiskOwners"/> by the vault's own documents. Owners are remembered, since every batch asks: a disk's id is made by its machine's agent
/// and stays with that machine for as long as the vault holds the disk.
/// </summary>
internal sealed class VaultDiskOwners(IVault vault) : IDiskOwners
{
    private readonly ConcurrentDictionary<Guid, Guid> _known = new();

    /// <inheritdoc/>
    public async ValueTask<Guid?> FindAsync(Guid diskId, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(diskId, out Guid known))
        {
            return known;
        }

        Guid? machineId = await vault.FindMachineAsync(diskId, cancellationToken);
        return machineId is { } found ? _known.GetOrAdd(diskId, found) : null;
    }
}
