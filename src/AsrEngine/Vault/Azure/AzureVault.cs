using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Asr.Engine.Vault.Azure;

/// <summary>A vault in a container of Azure Storage: the same documents and sealed objects as in a directory, as block blobs of the same names.</summary>
public static class AzureVault
{
    /// <summary>
    /// Makes a vault in a container, which is made too if the credentials allow it. Throws <see cref="AsrErrorCode.AlreadyExists"/> when there is one.
    /// Interrupted, it can be repeated: the document that makes the place a vault is written last.
    /// </summary>
    public static Task<IVault> CreateAsync(BlobContainerAddress address, string passphrase, AzureVaultOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new AzureVaultOptions();
        return VaultDoor.CreateAsync(PlaceOf(address, options), passphrase, options, cancellationToken);
    }

    /// <summary>
    /// Opens a vault. Throws <see cref="AsrErrorCode.VaultNotFound"/>, <see cref="AsrErrorCode.WrongPassphrase"/>,
    /// <see cref="AsrErrorCode.VaultVersionUnsupported"/>, or <see cref="AsrErrorCode.VaultUnavailable"/> when the container cannot be reached or refuses.
    /// </summary>
    public static async Task<IVault> OpenAsync(BlobContainerAddress address, string passphrase, AzureVaultOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new AzureVaultOptions();
        try
        {
            return await VaultDoor.OpenAsync(PlaceOf(address, options), passphrase, options, cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException error) when (error.InnerException is RequestFailedException inner && inner.ErrorCode == BlobErrorCode.ContainerNotFound)
        {
            throw VaultDoor.NotFound(address.Location, error);
        }
    }

    private static VaultPlace PlaceOf(BlobContainerAddress address, AzureVaultOptions options)
    {
        BlobContainerClient container = address.Connect();
        return new VaultPlace
        {
            Location = address.Location,
            Catalog = new AzureCatalog(container),
            Segments = new AzureSegmentStore(container),
            SpoolFiles = options.SpoolFiles,
            SegmentsUnderWayMax = options.SegmentsUnderWayMax,
            MakeAsync = cancellationToken => MakeAsync(container, address.Location, cancellationToken),
        };
    }

    private static async Task MakeAsync(BlobContainerClient container, string location, CancellationToken cancellationToken)
    {
        try
        {
            await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException refused) when (refused.Status is 401 or 403)
        {
            // Rights on one container do not include making it. If it is not there, the first document says so.
        }
        catch (Exception error) when (AzureErrors.IsStorageError(error))
        {
            throw AzureErrors.Translate(error, $"Making the container '{location}'", location, cancellationToken);
        }
    }
}
