using System.Collections.ObjectModel;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Move-Item.</summary>
[Cmdlet(VerbsCommon.Move, "Item", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
public sealed class MoveItemCommand : TransferItemCommand
{
    private protected override string Action => "Move Item";

    private protected override Collection<PSObject> Transfer(string path) => InvokeProvider.Item.Move([path], Destination, Force, literalPath: true);
}
