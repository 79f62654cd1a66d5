using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Compare-Object: what is on one side only, or also what is on both.</summary>
[Cmdlet(VerbsData.Compare, "Object")]
public sealed class CompareObjectCommand : PSCmdlet
{
    private readonly List<PSObject> _differences = [];

    [Parameter(Position = 0, Mandatory = true)]
    [AllowEmptyCollection]
    public PSObject[] ReferenceObject { get; set; } = [];

    [Parameter(Position = 1, Mandatory = true, ValueFromPipeline = true)]
    [AllowEmptyCollection]
    public PSObject[] DifferenceObject { get; set; } = [];

    [Parameter]
    public object[]? Property { get; set; }

    [Parameter]
    public SwitchParameter IncludeEqual { get; set; }

    [Parameter]
    public SwitchParameter ExcludeDifferent { get; set; }

    [Parameter]
    public SwitchParameter CaseSensitive { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord() => _differences.AddRange(DifferenceObject);

    protected override void EndProcessing()
    {
        PropertyArgument[] properties = PropertyArgument.ParseAll(Property);
        List<PSObject> unmatched = [.. ReferenceObject];
        List<PSObject> added = [];
        foreach (PSObject item in _differences)
        {
            int match = unmatched.FindIndex(other => AreEqual(other, item, properties));
            if (match < 0)
            {
                added.Add(item);
                continue;
            }

            unmatched.RemoveAt(match);
            if (IncludeEqual)
            {
                Emit(item, "==", properties);
            }
        }

        if (!ExcludeDifferent)
        {
            added.ForEach(item => Emit(item, "=>", properties));
            unmatched.ForEach(item => Emit(item, "<=", properties));
        }
    }

    private bool AreEqual(PSObject x, PSObject y, PropertyArgument[] properties)
    {
        ValueComparer comparer = new(CaseSensitive);
        return properties.Length == 0
            ? comparer.Compare(x, y) == 0
            : properties.All(property => comparer.Compare(property.ValueOn(x), property.ValueOn(y)) == 0);
    }

    private void Emit(PSObject item, string side, PropertyArgument[] properties)
    {
        PSObject output = PassThru ? item : new PSObject();
        if (!PassThru && properties.Length == 0)
        {
            output.Properties.Add(new PSNoteProperty("InputObject", item));
        }

        foreach (PropertyArgument property in PassThru ? [] : properties)
        {
            string name = property.GivenName ?? property.Expression.ToString();
            output.Properties.Add(new PSNoteProperty(name, property.ValueOn(item)));
        }

        output.Properties.Add(new PSNoteProperty("SideIndicator", side));
        WriteObject(output);
    }
}
