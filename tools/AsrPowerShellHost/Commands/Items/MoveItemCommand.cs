using System.Collections.ObjectModel;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Move-Item.</summary>
[Cmdlet(VerbsCommon.Move, "Item", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
public sealed class MoveItemCommand : PathCommand
{
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    public string Destination { get; set; } = ".";

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        foreach (string path in GivenPaths)
        {
            ForPath(path, () => Move(path));
        }
    }

    private void Move(string path)
    {
        foreach (string found in ResolveExisting(path))
        {
            if (!ShouldProcess($"Item: {found} Destination: {Destination}", "Move Item"))
            {
                continue;
            }

            Collection<PSObject> items = InvokeProvider.Item.Move([found], Destination, Force, literalPath: true);
            if (PassThru)
            {
                WriteObject(items, enumerateCollection: true);
            }
        }
    }
}
