using System;
using System.Linq;
using System.Management.Automation;
using System.Security;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Connections;

namespace Asr.Module.Vaults;

/// <summary>Opens a vault for this session and finds the appliance that serves it.</summary>
[Cmdlet(VerbsCommunications.Connect, "AsrVault", DefaultParameterSetName = FolderSet)]
[OutputType(typeof(AsrConnection))]
public sealed class ConnectAsrVaultCommand : AsrCommand
{
    private const string FolderSet = "Folder";
    private const string ContainerSet = "Container";

    /// <summary>Where the vault is.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = FolderSet)]
    [Alias("Location")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The vault's passphrase. Kept in memory while the connection lives.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNull]
    public SecureString Passphrase { get; set; } = null!;

    /// <summary>The container that the vault is in.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ContainerSet)]
    [ValidateNotNull]
    public Uri BlobContainerUri { get; set; } = null!;

    /// <summary>A shared access signature or a connection string for a container; without it the environment or this machine's identity. Kept in memory while the connection lives.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? StorageSecret { get; set; }

    /// <summary>Control endpoint of an appliance; without it the one that the vault names is tried.</summary>
    [Parameter]
    public Uri? ApplianceUri { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // A vault from the pipeline tells where it is in one property, whatever it is in.
        (string location, SecureString? signature) = VaultAddress.Split(
            ParameterSetName == ContainerSet ? BlobContainerUri.OriginalString : VaultAddress.Resolve(Path, SessionState));
        ForAll(location, () =>
        {
            SecureString? storage = VaultAddress.OneSecret(signature, StorageSecret);
            AsrConnection connection = Run((output, stop) => OpenAsync(location, storage, output, stop));
            DefaultConnection.Set(connection);
            WriteObject(connection);
        });
    }

    private async Task<AsrConnection> OpenAsync(string location, SecureString? storage, PipelineOutput output, CancellationToken stop)
    {
        VaultSecrets secrets = new(Passphrase, storage);
        AsrConnection? connection = null;
        try
        {
            AsrVault vault = await VaultTool.ShowAsync(location, secrets, stop).ConfigureAwait(false);
            connection = new AsrConnection(vault, secrets, ApplianceUri);
            if (ApplianceUri is null)
            {
                await FindApplianceAsync(connection, output, stop).ConfigureAwait(false);
            }
            else
            {
                await connection.GetAsync<AsrAppliance>(AsrRoutes.Appliance, stop).ConfigureAwait(false);
            }

            return connection;
        }
        catch
        {
            connection?.Dispose();
            secrets.Dispose();
            throw;
        }
    }

    /// <summary>Turns to the first appliance named in the vault that answers. None is no error: one can be started on this connection.</summary>
    private static async Task FindApplianceAsync(AsrConnection connection, PipelineOutput output, CancellationToken stop)
    {
        foreach (AsrAppliance appliance in connection.Vault.Appliances.OrderByDescending(appliance => appliance.StartedAt))
        {
            connection.UseAppliance(new Uri(appliance.ControlEndpoint));
            try
            {
                await connection.GetAsync<AsrAppliance>(AsrRoutes.Appliance, stop).ConfigureAwait(false);
                output.WriteVerbose($"The appliance at {appliance.ControlEndpoint} serves the vault.");
                return;
            }
            catch (AsrException error) when (error.Code is AsrErrorCode.ApplianceUnreachable or AsrErrorCode.CertificateForeign)
            {
                output.WriteVerbose($"The appliance at {appliance.ControlEndpoint} is gone: {error.Message}");
            }
        }

        connection.UseAppliance(null);
        output.WriteVerbose("No appliance serves the vault at present; Start-AsrAppliance starts one.");
    }
}
