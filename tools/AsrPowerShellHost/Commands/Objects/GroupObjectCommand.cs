using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>One group of Group-Object.</summary>
public sealed class GroupInfo
{
    internal GroupInfo(object?[] values, Collection<PSObject> group)
    {
        Values = [.. values];
        Group = group;
    }

    public int Count => Group.Count;

    public string Name => string.Join(", ", Values.Select(value => LanguagePrimitives.ConvertTo<string>(value)));

    public Collection<PSObject> Group { get; }

    public IReadOnlyList<object?> Values { get; }
}

/// <summary>Group-Object: groups in the order of their values, or a table of them.</summary>
[Cmdlet(VerbsData.Group, "Object")]
[OutputType(typeof(GroupInfo), typeof(Hashtable))]
public sealed class GroupObjectCommand : PSCmdlet
{
    private readonly List<PSObject> _items = [];

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    [Parameter(Position = 0)]
    public object[]? Property { get; set; }

    [Parameter]
    public SwitchParameter NoElement { get; set; }

    [Parameter]
    [Alias("AHT")]
    public SwitchParameter AsHashTable { get; set; }

    [Parameter]
    public SwitchParameter AsString { get; set; }

    [Parameter]
    public SwitchParameter CaseSensitive { get; set; }

    protected override void ProcessRecord()
    {
        if (InputObject is not null)
        {
            _items.Add(InputObject);
        }
    }

    protected override void EndProcessing()
    {
        PropertyArgument[] properties = PropertyArgument.ParseAll(Property);
        ValueComparer comparer = new(CaseSensitive);
        List<GroupInfo> groups = [];
        foreach (PSObject item in _items)
        {
            object?[] values = properties.Length == 0
                ? [item]
                : [.. properties.Select(property => property.ValueOn(item))];
            GroupInfo? group = groups.Find(group => group.Values.SequenceEqual(values, comparer));
            if (group is null)
            {
                group = new GroupInfo(values, []);
                groups.Add(group);
            }

            group.Group.Add(item);
        }

        IEnumerable<GroupInfo> sorted = groups.OrderBy(group => group.Values[0], comparer);
        if (AsHashTable)
        {
            WriteObject(ToTable(sorted));
        }
        else
        {
            WriteObject(sorted.Select(ToOutput), enumerateCollection: true);
        }
    }

    private PSObject ToOutput(GroupInfo group)
    {
        PSObject output = PSObject.AsPSObject(group);
        if (NoElement)
        {
            output.TypeNames.Insert(0, "Microsoft.PowerShell.Commands.GroupInfoNoElement");
        }

        return output;
    }

    private Hashtable ToTable(IEnumerable<GroupInfo> groups)
    {
        Hashtable table = new(CaseSensitive ? StringComparer.CurrentCulture : StringComparer.CurrentCultureIgnoreCase);
        foreach (GroupInfo group in groups)
        {
            object? key = group.Values[0] is PSObject wrapped ? wrapped.BaseObject : group.Values[0];
            table[AsString || key is null ? group.Name : key] = group.Group;
        }

        return table;
    }
}
