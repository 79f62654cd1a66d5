using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Sort-Object: stable, by the properties given in order.</summary>
[Cmdlet("Sort", "Object")]
public sealed class SortObjectCommand : PSCmdlet
{
    private readonly List<PSObject> _items = [];

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    [Parameter(Position = 0)]
    public object[]? Property { get; set; }

    [Parameter]
    public SwitchParameter Descending { get; set; }

    [Parameter]
    public SwitchParameter Unique { get; set; }

    [Parameter]
    public SwitchParameter CaseSensitive { get; set; }

    [Parameter]
    public int Top { get; set; } = int.MaxValue;

    [Parameter]
    public int Bottom { get; set; } = int.MaxValue;

    // The parameter keeps PowerShell's name; a sort here is stable anyway.
    [Parameter]
    public SwitchParameter Stable { get; set; }

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
        (PSObject Item, object?[] Keys)[] keyed =
            [.. _items.Select(item => (item, properties.Length == 0 ? [item] : KeysOf(item, properties)))];
        bool[] isDescending = properties.Length == 0
            ? [Descending]
            : [.. properties.Select(property => property.IsDescending ?? Descending)];
        KeyComparer comparer = new(new ValueComparer(CaseSensitive), isDescending);

        IEnumerable<(PSObject Item, object?[] Keys)> sorted = keyed.OrderBy(entry => entry.Keys, comparer);
        if (Unique)
        {
            sorted = WithoutRepeats(sorted, comparer);
        }

        WriteObject(sorted.Select(entry => entry.Item).Take(Top).TakeLast(Bottom), enumerateCollection: true);
    }

    private static object?[] KeysOf(PSObject item, PropertyArgument[] properties) =>
        [.. properties.Select(property => property.ValueOn(item))];

    private static IEnumerable<(PSObject Item, object?[] Keys)> WithoutRepeats(
        IEnumerable<(PSObject Item, object?[] Keys)> sorted, KeyComparer comparer)
    {
        object?[]? previous = null;
        foreach ((PSObject Item, object?[] Keys) entry in sorted)
        {
            if (previous is null || comparer.Compare(previous, entry.Keys) != 0)
            {
                yield return entry;
            }

            previous = entry.Keys;
        }
    }

    private sealed class KeyComparer(ValueComparer values, bool[] isDescending) : IComparer<object?[]>
    {
        public int Compare(object?[]? x, object?[]? y)
        {
            for (int i = 0; i < isDescending.Length; i++)
            {
                int order = values.Compare(x![i], y![i]);
                if (order != 0)
                {
                    return isDescending[i] ? -order : order;
                }
            }

            return 0;
        }
    }
}
