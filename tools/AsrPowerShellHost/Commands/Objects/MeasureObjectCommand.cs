using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>What Measure-Object counted of numbers; a figure that was not asked for is null.</summary>
public sealed class GenericMeasureInfo
{
    public int Count { get; init; }

    public double? Average { get; init; }

    public double? Sum { get; init; }

    public object? Maximum { get; init; }

    public object? Minimum { get; init; }

    public string? Property { get; init; }
}

/// <summary>What Measure-Object counted of text.</summary>
public sealed class TextMeasureInfo
{
    public int? Lines { get; init; }

    public int? Words { get; init; }

    public int? Characters { get; init; }
}

/// <summary>Measure-Object.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "Object")]
[OutputType(typeof(GenericMeasureInfo), typeof(TextMeasureInfo))]
public sealed class MeasureObjectCommand : PSCmdlet
{
    private readonly List<PSObject> _items = [];

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    [Parameter(Position = 0)]
    public object[]? Property { get; set; }

    [Parameter]
    public SwitchParameter Sum { get; set; }

    [Parameter]
    public SwitchParameter Average { get; set; }

    [Parameter]
    public SwitchParameter Maximum { get; set; }

    [Parameter]
    public SwitchParameter Minimum { get; set; }

    [Parameter]
    public SwitchParameter Line { get; set; }

    [Parameter]
    public SwitchParameter Word { get; set; }

    [Parameter]
    public SwitchParameter Character { get; set; }

    protected override void ProcessRecord()
    {
        if (InputObject is not null)
        {
            _items.Add(InputObject);
        }
    }

    protected override void EndProcessing()
    {
        if (Line || Word || Character)
        {
            WriteObject(MeasureText());
            return;
        }

        PropertyArgument[] properties = PropertyArgument.ParseAll(Property);
        if (properties.Length == 0)
        {
            WriteObject(Measure([.. _items], name: null));
        }

        foreach (PropertyArgument property in properties)
        {
            object[] values = [.. _items.Select(property.ValueOn).OfType<object>()];
            WriteObject(Measure(values, property.GivenName ?? property.Expression.ToString()));
        }
    }

    private GenericMeasureInfo Measure(object[] values, string? name)
    {
        double[] numbers = Sum || Average ? [.. values.Select(LanguagePrimitives.ConvertTo<double>)] : [];
        ValueComparer comparer = new(isCaseSensitive: false);
        return new GenericMeasureInfo
        {
            Count = values.Length,
            Sum = Sum ? numbers.Sum() : null,
            Average = Average && numbers.Length > 0 ? numbers.Average() : null,
            Maximum = Maximum ? values.Max(comparer) : null,
            Minimum = Minimum ? values.Min(comparer) : null,
            Property = name,
        };
    }

    private TextMeasureInfo MeasureText()
    {
        string[] texts = [.. _items.Select(LanguagePrimitives.ConvertTo<string>)];
        return new TextMeasureInfo
        {
            Lines = Line ? texts.Sum(text => FormattedText.SplitLines(text).Length) : null,
            Words = Word ? texts.Sum(text => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length) : null,
            Characters = Character ? texts.Sum(text => text.Length) : null,
        };
    }
}
