using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Set-Content.</summary>
[Cmdlet(VerbsCommon.Set, "Content", SupportsShouldProcess = true)]
public sealed class SetContentCommand : WriteContentCommand
{
    protected override bool IsAppending => false;
}
