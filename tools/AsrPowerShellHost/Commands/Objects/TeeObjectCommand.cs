using System.Collections.Generic;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Tee-Object: passes everything on, and keeps it in a variable or a file.</summary>
[Cmdlet("Tee", "Object", DefaultParameterSetName = FileSet)]
public sealed class TeeObjectCommand : PSCmdlet
{
    private const string FileSet = "File";
    private const string VariableSet = "Variable";
    private readonly List<PSObject> _items = [];

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    [Parameter(Mandatory = true, Position = 0, ParameterSetName = FileSet)]
    [Alias("Path")]
    public string FilePath { get; set; } = "";

    [Parameter(ParameterSetName = FileSet)]
    public SwitchParameter Append { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = VariableSet)]
    public string Variable { get; set; } = "";

    protected override void ProcessRecord()
    {
        if (InputObject is not null)
        {
            _items.Add(InputObject);
            WriteObject(InputObject);
        }
    }

    protected override void EndProcessing()
    {
        if (ParameterSetName == VariableSet)
        {
            SessionState.PSVariable.Set(Variable, _items.Count == 1 ? _items[0] : _items.ToArray());
            return;
        }

        ScriptBlock write = ScriptBlock.Create("param($items, $path, $append) $items | Out-File $path -Append:$append");
        write.Invoke(_items, SessionState.Path.GetUnresolvedProviderPathFromPSPath(FilePath), Append.ToBool());
    }
}
