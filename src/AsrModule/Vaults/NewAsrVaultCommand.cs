using System;
using System.Management.Automation;
using System.Security;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Connections;

namespace Asr.Module.Vaults;

/// <summary>Makes a vault in a folder or in a container of Azure Storage.</summary>
[Cmdlet(VerbsCommon.New, "AsrVault", SupportsShouldProcess = true, DefaultParameterSetName = FolderSet)]
[OutputType(typeof(AsrVault))]
public sealed class NewAsrVaultCommand : AsrCommand
{
    private const string FolderSet = "Folder";
    private const string ContainerSet = "Container";

    /// <summary>Folder of the new vault; made when it is not there, refused when it holds a vault.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = FolderSet)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The passphrase that protects the vault's keys. Without it nothing can be recovered.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNull]
    public SecureString Passphrase { get; set; } = null!;

    /// <summary>Container of the new vault; made when it is not there and the credentials allow it, refused when it holds a vault.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ContainerSet)]
    [ValidateNotNull]
    public Uri BlobContainerUri { get; set; } = null!;

    /// <summary>A shared access signature or a connection string; without it the environment or this machine's identity.</summary>
    [Parameter(ParameterSetName = ContainerSet)]
    [ValidateNotNull]
    public SecureString? StorageSecret { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        (string location, SecureString? signature) = VaultAddress.Split(
            ParameterSetName == ContainerSet ? BlobContainerUri.OriginalString : VaultAddress.Resolve(Path, SessionState));
        if (ShouldProcess(VaultLocation.IsContainer(location) ? $"container '{location}'" : $"folder '{location}'", "Make a vault"))
        {
            ForAll(location, () =>
            {
                using VaultSecrets secrets = new(Passphrase, VaultAddress.OneSecret(signature, StorageSecret));
                WriteObject(Run(stop => VaultTool.CreateAsync(location, secrets, stop)));
            });
        }
    }
}
