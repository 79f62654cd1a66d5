using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Remove-Item. A container with children is removed with -Recurse only: nothing is ever asked.</summary>
[Cmdlet(VerbsCommon.Remove, "Item", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
public sealed class RemoveItemCommand : PathCommand
{
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord()
    {
        foreach (string path in GivenPaths)
        {
            ForPath(path, () => Remove(path));
        }
    }

    private void Remove(string path)
    {
        foreach (string found in ResolveExisting(path))
        {
            if (ShouldProcess(found, "Remove"))
            {
                InvokeProvider.Item.Remove([found], Recurse, Force, literalPath: true);
            }
        }
    }
}
