using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Vault;

namespace Asr.ProcessServer.Process;

/// <summary><see cref="IDiskOwners"/> by the vault's own documents.</summary>
internal sealed class VaultDiskOwners(ICatalog catalog) : IDiskOwners
{
    private readonly DiskOwners _owners = new(catalog);

    /// <inheritdoc/>
    public ValueTask<Guid?> FindAsync(Guid diskId, CancellationToken cancellationToken) => _owners.FindAsync(diskId, cancellationToken);
}
