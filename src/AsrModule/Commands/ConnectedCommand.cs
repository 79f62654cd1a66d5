using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Connections;

namespace Asr.Module.Commands;

/// <summary>Base of the cmdlets that ask an appliance.</summary>
public abstract class ConnectedCommand : AsrCommand
{
    /// <summary>The connection to use instead of the runspace's default.</summary>
    [Parameter]
    [ValidateNotNull]
    public AsrConnection? Connection { get; set; }

    /// <summary>The connection in use, from <see cref="BeginProcessing"/> on.</summary>
    private protected AsrConnection Active { get; private set; } = null!;

    /// <summary>Ends the command at once when there is no connection.</summary>
    protected override void BeginProcessing() => ForAll(null, () => Active = Connection ?? DefaultConnection.Current ?? throw NotConnected());

    private protected static AsrException NotConnected() => new(
        AsrErrorCode.NotConnected,
        "There is no connection to a vault in this session.",
        "Run Connect-AsrVault first, or give -Connection.");
}
