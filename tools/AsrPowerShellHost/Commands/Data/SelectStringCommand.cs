using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace Microsoft.PowerShell.Commands;

/// <summary>One line that Select-String found.</summary>
public sealed class MatchInfo
{
    public string Line { get; init; } = "";

    public int LineNumber { get; init; }

    public string Path { get; init; } = "InputStream";

    public string Pattern { get; init; } = "";

    public Match[] Matches { get; init; } = [];

    public override string ToString() => Path == "InputStream" ? Line : $"{Path}:{LineNumber}:{Line}";
}

/// <summary>Select-String, on the input or in files.</summary>
[Cmdlet(VerbsCommon.Select, "String", DefaultParameterSetName = "Object")]
[OutputType(typeof(MatchInfo), typeof(bool), typeof(string))]
public sealed class SelectStringCommand : PSCmdlet
{
    private int _inputLine;
    private bool _found;

    [Parameter(ParameterSetName = "Object", ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    [Parameter(Mandatory = true, Position = 0)]
    public string[] Pattern { get; set; } = [];

    [Parameter(Mandatory = true, Position = 1, ParameterSetName = "File")]
    [Alias("LiteralPath")]
    public string[] Path { get; set; } = [];

    [Parameter]
    public SwitchParameter SimpleMatch { get; set; }

    [Parameter]
    public SwitchParameter CaseSensitive { get; set; }

    [Parameter]
    public SwitchParameter NotMatch { get; set; }

    [Parameter]
    public SwitchParameter AllMatches { get; set; }

    [Parameter]
    public SwitchParameter Quiet { get; set; }

    [Parameter]
    public SwitchParameter Raw { get; set; }

    protected override void ProcessRecord()
    {
        if (ParameterSetName == "Object")
        {
            string text = LanguagePrimitives.ConvertTo<string>(InputObject) ?? "";
            Examine(text, ++_inputLine, "InputStream");
            return;
        }

        foreach (string file in Path.SelectMany(path => SessionState.Path.GetResolvedProviderPathFromPSPath(path, out _)))
        {
            int number = 0;
            foreach (string line in File.ReadLines(file))
            {
                Examine(line, ++number, file);
            }
        }
    }

    protected override void EndProcessing()
    {
        if (Quiet)
        {
            WriteObject(_found);
        }
    }

    private void Examine(string line, int number, string source)
    {
        RegexOptions options = CaseSensitive ? RegexOptions.None : RegexOptions.IgnoreCase;
        foreach (string pattern in Pattern)
        {
            Match[] matches = [.. Regex.Matches(line, SimpleMatch ? Regex.Escape(pattern) : pattern, options).Cast<Match>()];
            if ((matches.Length > 0) == NotMatch)
            {
                continue;
            }

            _found = true;
            MatchInfo found = new()
            {
                Line = line,
                LineNumber = number,
                Path = source,
                Pattern = pattern,
                Matches = AllMatches ? matches : [.. matches.Take(1)],
            };
            if (!Quiet)
            {
                WriteObject(Raw ? line : found);
            }

            return;
        }
    }
}
