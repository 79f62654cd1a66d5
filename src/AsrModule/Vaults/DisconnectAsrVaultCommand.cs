using System.Management.Automation;
using Asr.Module.Commands;
using Asr.Module.Connections;

namespace Asr.Module.Vaults;

/// <summary>Closes a connection: certificate and passphrase are forgotten, the appliance goes on.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "AsrVault")]
public sealed class DisconnectAsrVaultCommand : ConnectedCommand
{
    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ReferenceEquals(Active, DefaultConnection.Current))
        {
            DefaultConnection.Clear();
        }

        Active.Dispose();
    }
}
