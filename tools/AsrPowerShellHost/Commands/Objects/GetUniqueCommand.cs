using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Get-Unique: leaves out what equals the value before it.</summary>
[Cmdlet(VerbsCommon.Get, "Unique")]
public sealed class GetUniqueCommand : PSCmdlet
{
    private string? _previous;

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    protected override void ProcessRecord()
    {
        string text = LanguagePrimitives.ConvertTo<string>(InputObject) ?? "";
        if (text != _previous)
        {
            WriteObject(InputObject);
        }

        _previous = text;
    }
}
