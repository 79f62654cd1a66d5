using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Convert-Path: existing items as paths of the file system.</summary>
[Cmdlet(VerbsData.Convert, "Path", DefaultParameterSetName = PathSet)]
[OutputType(typeof(string))]
public sealed class ConvertPathCommand : PathCommand
{
    protected override void ProcessRecord()
    {
        foreach (string path in GivenPaths)
        {
            ForPath(path, () => WriteObject(ResolveFiles(path), enumerateCollection: true));
        }
    }
}
