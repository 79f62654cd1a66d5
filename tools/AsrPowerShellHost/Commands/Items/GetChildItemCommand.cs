using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Get-ChildItem.</summary>
[Cmdlet(VerbsCommon.Get, "ChildItem", DefaultParameterSetName = PathSet)]
public sealed class GetChildItemCommand : PSCmdlet
{
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";

    [Parameter(Position = 0, ParameterSetName = PathSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public string[] Path { get; set; } = ["."];

    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    public string[] LiteralPath { get; set; } = [];

    [Parameter(Position = 1)]
    public string? Filter { get; set; }

    [Parameter]
    public string[] Include { get; set; } = [];

    [Parameter]
    public string[] Exclude { get; set; } = [];

    [Parameter]
    [Alias("s")]
    public SwitchParameter Recurse { get; set; }

    [Parameter]
    public uint Depth { get; set; } = uint.MaxValue;

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter Name { get; set; }

    [Parameter]
    [Alias("af")]
    public SwitchParameter File { get; set; }

    [Parameter]
    [Alias("ad")]
    public SwitchParameter Directory { get; set; }

    protected override void ProcessRecord()
    {
        bool isLiteral = ParameterSetName == LiteralPathSet;
        bool recurse = Recurse || Depth != uint.MaxValue;
        foreach (string path in isLiteral ? LiteralPath : Path)
        {
            try
            {
                foreach (PSObject item in InvokeProvider.ChildItem.Get([path], recurse, Depth, Force, isLiteral))
                {
                    if (IsWanted(item))
                    {
                        WriteObject(Name ? NameOf(item) : item);
                    }
                }
            }
            catch (RuntimeException error) when (error is not PipelineStoppedException)
            {
                WriteError(new ErrorRecord(error.ErrorRecord, error));
            }
        }
    }

    private static string NameOf(PSObject item) => (string)item.Properties["PSChildName"].Value;

    private static bool Matches(string name, string pattern) =>
        new WildcardPattern(pattern, WildcardOptions.IgnoreCase).IsMatch(name);

    private bool IsWanted(PSObject item)
    {
        string name = NameOf(item);
        bool isContainer = item.Properties["PSIsContainer"]?.Value is true;
        return (!File || !isContainer)
            && (!Directory || isContainer)
            && (Filter is null || Matches(name, Filter))
            && (Include.Length == 0 || Include.Any(pattern => Matches(name, pattern)))
            && !Exclude.Any(pattern => Matches(name, pattern));
    }
}
