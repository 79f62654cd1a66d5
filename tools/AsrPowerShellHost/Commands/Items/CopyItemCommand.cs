using System.Collections.ObjectModel;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Copy-Item.</summary>
[Cmdlet(VerbsCommon.Copy, "Item", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
public sealed class CopyItemCommand : PathCommand
{
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    public string Destination { get; set; } = ".";

    [Parameter]
    public SwitchParameter Recurse { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        foreach (string path in GivenPaths)
        {
            ForPath(path, () => Copy(path));
        }
    }

    private void Copy(string path)
    {
        foreach (string found in ResolveExisting(path))
        {
            if (!ShouldProcess($"Item: {found} Destination: {Destination}", "Copy Item"))
            {
                continue;
            }

            Collection<PSObject> items = InvokeProvider.Item.Copy([found], Destination, Recurse, CopyContainers.CopyTargetContainer, Force, literalPath: true);
            if (PassThru)
            {
                WriteObject(items, enumerateCollection: true);
            }
        }
    }
}
