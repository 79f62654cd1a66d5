using System.Collections.Generic;
using System.Management.Automation;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.PowerShell.Commands;

/// <summary>ConvertTo-Json.</summary>
[Cmdlet(VerbsData.ConvertTo, "Json")]
[OutputType(typeof(string))]
public sealed class ConvertToJsonCommand : PSCmdlet
{
    private const int DefaultDepth = 2;
    private readonly List<object?> _items = [];

    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [AllowNull]
    public object? InputObject { get; set; }

    [Parameter]
    [ValidateRange(0, 100)]
    public int Depth { get; set; } = DefaultDepth;

    [Parameter]
    public SwitchParameter Compress { get; set; }

    [Parameter]
    public SwitchParameter EnumsAsStrings { get; set; }

    [Parameter]
    public SwitchParameter AsArray { get; set; }

    protected override void ProcessRecord() => _items.Add(InputObject);

    protected override void EndProcessing()
    {
        object? value = _items.Count == 1 && !AsArray ? _items[0] : _items;
        int depth = value == _items ? Depth + 1 : Depth;
        JsonNode? node = JsonWriter.ToNode(value, depth, EnumsAsStrings);
        JsonSerializerOptions options = new()
        {
            WriteIndented = !Compress,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        WriteObject(node is null ? "null" : node.ToJsonString(options));
    }
}
