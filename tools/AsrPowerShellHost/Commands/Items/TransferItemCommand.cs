using System.Collections.ObjectModel;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>What Copy-Item and Move-Item have in common.</summary>
public abstract class TransferItemCommand : PathCommand
{
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    public string Destination { get; set; } = ".";

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>What is done, as the confirmation names it.</summary>
    private protected abstract string Action { get; }

    protected override void ProcessRecord()
    {
        foreach (string path in GivenPaths)
        {
            ForPath(path, () => TransferAll(path));
        }
    }

    /// <summary>Copies or moves one item that exists.</summary>
    private protected abstract Collection<PSObject> Transfer(string path);

    private void TransferAll(string path)
    {
        foreach (string found in ResolveExisting(path))
        {
            if (!ShouldProcess($"Item: {found} Destination: {Destination}", Action))
            {
                continue;
            }

            Collection<PSObject> items = Transfer(found);
            if (PassThru)
            {
                WriteObject(items, enumerateCollection: true);
            }
        }
    }
}
