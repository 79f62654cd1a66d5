using System;
using System.Collections.Specialized;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace Microsoft.PowerShell.Commands;

/// <summary>ConvertFrom-Json: records, or ordered tables with -AsHashtable.</summary>
[Cmdlet(VerbsData.ConvertFrom, "Json")]
public sealed class ConvertFromJsonCommand : PSCmdlet
{
    private readonly StringBuilder _text = new();

    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [AllowEmptyString]
    public string InputObject { get; set; } = "";

    [Parameter]
    public SwitchParameter AsHashtable { get; set; }

    [Parameter]
    [ValidateRange(1, 1024)]
    public int Depth { get; set; } = 1024;

    [Parameter]
    public SwitchParameter NoEnumerate { get; set; }

    protected override void ProcessRecord() => _text.Append(InputObject).Append('\n');

    protected override void EndProcessing()
    {
        string text = _text.ToString();
        if (string.IsNullOrWhiteSpace(text))
        {
            return;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions
            {
                MaxDepth = Depth,
                AllowTrailingCommas = true,
                CommentHandling = JsonCommentHandling.Skip,
            });
            WriteObject(FromElement(document.RootElement), enumerateCollection: !NoEnumerate);
        }
        catch (JsonException error)
        {
            ThrowTerminatingError(new ErrorRecord(
                new ArgumentException($"Conversion from JSON failed with error: {error.Message}", error),
                "System.ArgumentException", ErrorCategory.InvalidArgument, text));
        }
    }

    private object? FromElement(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object when AsHashtable => ToTable(element),
        JsonValueKind.Object => ToRecord(element),
        JsonValueKind.Array => element.EnumerateArray().Select(FromElement).ToArray(),
        JsonValueKind.String => FromString(element.GetString()!),
        JsonValueKind.Number => FromNumber(element),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static object FromNumber(JsonElement element)
    {
        if (element.TryGetInt64(out long whole))
        {
            return whole;
        }

        string text = element.GetRawText();
        return BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger big)
            ? big
            : element.GetDouble();
    }

    // PowerShell turns text in the round-trip form of a time into a DateTime.
    private static object FromString(string text) =>
        text.Length >= 19 && text[10] == 'T' && char.IsAsciiDigit(text[0])
        && DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out DateTime time)
            ? time
            : text;

    private OrderedDictionary ToTable(JsonElement element)
    {
        OrderedDictionary table = new(StringComparer.Ordinal);
        foreach (JsonProperty property in element.EnumerateObject())
        {
            table[property.Name] = FromElement(property.Value);
        }

        return table;
    }

    private PSObject ToRecord(JsonElement element)
    {
        PSObject record = new();
        foreach (JsonProperty property in element.EnumerateObject())
        {
            record.Properties.Add(new PSNoteProperty(property.Name, FromElement(property.Value)));
        }

        return record;
    }
}
