using System;
using System.Collections;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>New-Object of a .NET type.</summary>
[Cmdlet(VerbsCommon.New, "Object")]
public sealed class NewObjectCommand : PSCmdlet
{
    [Parameter(Mandatory = true, Position = 0)]
    public string TypeName { get; set; } = "";

    [Parameter(Position = 1)]
    [Alias("Args")]
    public object?[] ArgumentList { get; set; } = [];

    [Parameter]
    public IDictionary? Property { get; set; }

    protected override void BeginProcessing()
    {
        if (TypeName.Equals("PSObject", StringComparison.OrdinalIgnoreCase)
            || TypeName.Equals("PSCustomObject", StringComparison.OrdinalIgnoreCase))
        {
            WriteObject(MakeRecord());
            return;
        }

        if (!LanguagePrimitives.TryConvertTo(TypeName, out Type type))
        {
            ThrowTerminatingError(new ErrorRecord(
                new PSArgumentException($"Cannot find type [{TypeName}]: verify that its assembly is loaded."),
                "TypeNotFound", ErrorCategory.InvalidType, TypeName));
        }

        // The engine's own overload resolution picks the constructor.
        ScriptBlock create = ScriptBlock.Create("param($type, $list) ,$type::new.Invoke($list)");
        foreach (PSObject created in create.Invoke(type, ArgumentList))
        {
            foreach (DictionaryEntry entry in Property ?? new Hashtable())
            {
                created.Properties[(string)entry.Key].Value = entry.Value;
            }

            WriteObject(created, enumerateCollection: false);
        }
    }

    private PSObject MakeRecord()
    {
        PSObject record = new();
        foreach (DictionaryEntry entry in Property ?? new Hashtable())
        {
            record.Properties.Add(new PSNoteProperty((string)entry.Key, entry.Value));
        }

        return record;
    }
}
