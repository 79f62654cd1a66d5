using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Azure;
using Asr.Engine.Vault.Local;

namespace Asr.ProcessServer.Configuration;

/// <summary>Where a vault is, a folder or a container of Azure Storage, and what lets this appliance in. The secret is kept in memory only.</summary>
internal sealed class VaultSource
{
    private readonly string _location;
    private readonly BlobContainerAddress? _container;

    private VaultSource(string location, BlobContainerAddress? container)
    {
        _location = location;
        _container = container;
    }

    /// <summary>Takes the location apart. A signature in it is refused: arguments are seen by every user of the machine.</summary>
    /// <param name="location">Folder, or URI of a container.</param>
    /// <param name="storageSecret">A shared access signature or a connection string for a container; null for the machine's identity.</param>
    public static VaultSource Parse(string location, string? storageSecret)
    {
        if (!VaultLocation.IsContainer(location))
        {
            return new VaultSource(location, null);
        }

        if (location.Contains('?', StringComparison.Ordinal))
        {
            throw new AsrException(
                AsrErrorCode.InvalidArgument,
                "The address of the vault's container has a query; a signature in an argument is seen by every user of this machine.",
                "Give the address without it, and the signature with --storage-secret or in AZURE_STORAGE_SAS_TOKEN.");
        }

        BlobContainerAddress container = BlobContainerAddress.Parse(location, storageSecret);
        return new VaultSource(container.Location, container);
    }

    /// <summary>Makes the vault.</summary>
    public Task<IVault> CreateAsync(string passphrase, CancellationToken cancellationToken) => _container is null
        ? LocalVault.CreateAsync(_location, passphrase, cancellationToken: cancellationToken)
        : AzureVault.CreateAsync(_container, passphrase, cancellationToken: cancellationToken);

    /// <summary>Opens the vault.</summary>
    /// <param name="passphrase">The vault's passphrase.</param>
    /// <param name="spoolFolder">Where what the storage cannot take now is kept; null for whoever writes no disks.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    public Task<IVault> OpenAsync(string passphrase, string? spoolFolder, CancellationToken cancellationToken) => _container is null
        ? LocalVault.OpenAsync(_location, passphrase, new LocalVaultOptions { SpoolDirectory = spoolFolder }, cancellationToken)
        : AzureVault.OpenAsync(_container, passphrase, new AzureVaultOptions { SpoolDirectory = spoolFolder }, cancellationToken);
}
