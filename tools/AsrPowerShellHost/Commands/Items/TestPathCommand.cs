using System;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Test-Path: whether an item exists, and is of the kind asked for.</summary>
[Cmdlet(VerbsDiagnostic.Test, "Path", DefaultParameterSetName = PathSet)]
[OutputType(typeof(bool))]
public sealed class TestPathCommand : PathCommand
{
    [Parameter]
    [Alias("Type")]
    [ValidateSet("Any", "Container", "Leaf")]
    public string PathType { get; set; } = "Any";

    [Parameter]
    public SwitchParameter IsValid { get; set; }

    protected override void ProcessRecord()
    {
        foreach (string path in GivenPaths)
        {
            WriteObject(IsValid ? SessionState.Path.IsValid(path) : Exists(path));
        }
    }

    private bool Exists(string path)
    {
        try
        {
            if (string.IsNullOrWhiteSpace(path) || !InvokeProvider.Item.Exists(path, force: true, IsLiteral))
            {
                return false;
            }

            string pattern = IsLiteral ? WildcardPattern.Escape(path) : path;
            return PathType == "Any" || InvokeProvider.Item.IsContainer(pattern) == (PathType == "Container");
        }
        catch (Exception error) when (error is DriveNotFoundException or ProviderNotFoundException)
        {
            return false;
        }
    }
}
