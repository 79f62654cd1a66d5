using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Add-Content.</summary>
[Cmdlet(VerbsCommon.Add, "Content", SupportsShouldProcess = true)]
public sealed class AddContentCommand : WriteContentCommand
{
    protected override bool IsAppending => true;
}
