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
[Cmdlet(VerbsCommunications.Connect, "AsrVault")]
[OutputType(typeof(AsrConnection))]
public sealed class ConnectAsrVaultCommand : AsrCommand
{
    /// <summary>Where the vault is.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Location")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The vault's passphrase. Kept in memory while the connection lives.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNull]
    public SecureString Passphrase { get; set; } = null!;

    /// <summary>Control endpoint of an appliance; without it the one that the vault names is tried.</summary>
    [Parameter]
    public Uri? ApplianceUri { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string path = SessionState.Path.GetUnresolvedProviderPathFromPSPath(Path);
        ForAll(path, () =>
        {
            AsrConnection connection = Run((output, stop) => OpenAsync(path, output, stop));
            DefaultConnection.Set(connection);
            WriteObject(connection);
        });
    }

    private async Task<AsrConnection> OpenAsync(string path, PipelineOutput output, CancellationToken stop)
    {
        AsrVault vault = await VaultTool.ShowAsync(path, Passphrase, stop).ConfigureAwait(false);
        AsrConnection connection = new(vault, Passphrase, ApplianceUri);
        try
        {
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
            connection.Dispose();
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
