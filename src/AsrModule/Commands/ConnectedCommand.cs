using System;
using System.Collections.Generic;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.Commands;

/// <summary>Base of the cmdlets that ask an appliance.</summary>
public abstract class ConnectedCommand : AsrCommand
{
    private readonly HashSet<string> _arguments = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The connection to use instead of the runspace's default.</summary>
    [Parameter]
    [ValidateNotNull]
    public AsrConnection? Connection { get; set; }

    /// <summary>The connection in use, from <see cref="BeginProcessing"/> on.</summary>
    private protected AsrConnection Active { get; private set; } = null!;

    /// <summary>Ends the command at once when there is no connection.</summary>
    protected override void BeginProcessing()
    {
        _arguments.UnionWith(MyInvocation.BoundParameters.Keys);
        ForAll(null, () => Active = Connection ?? DefaultConnection.Current ?? throw NotConnected());
    }

    /// <summary>
    /// The point that was meant, where it may be left out: a text that comes through the pipeline names a machine. It is offered to every parameter that
    /// takes pipeline input, and would do as the name of a point too.
    /// </summary>
    private protected RecoveryPointIdentity? Meant(RecoveryPointIdentity? point) =>
        point is { IsName: true } && !_arguments.Contains("RecoveryPoint") ? null : point;

    private protected static AsrException NotConnected() => new(
        AsrErrorCode.NotConnected,
        "There is no connection to a vault in this session.",
        "Run Connect-AsrVault first, or give -Connection.");
}
