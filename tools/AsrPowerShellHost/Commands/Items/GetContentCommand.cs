using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Provider;

namespace Microsoft.PowerShell.Commands;

/// <summary>Get-Content: lines, the whole text with -Raw, or bytes with -AsByteStream.</summary>
[Cmdlet(VerbsCommon.Get, "Content", DefaultParameterSetName = PathSet)]
public sealed class GetContentCommand : PathCommand
{
    [Parameter]
    [Alias("First", "Head")]
    public int TotalCount { get; set; } = -1;

    [Parameter]
    [Alias("Last")]
    public int Tail { get; set; } = -1;

    [Parameter]
    public SwitchParameter Raw { get; set; }

    [Parameter]
    public SwitchParameter AsByteStream { get; set; }

    [Parameter]
    public string Encoding { get; set; } = FileText.DefaultEncodingName;

    protected override void ProcessRecord()
    {
        foreach (string path in GivenPaths)
        {
            ForPath(path, () => Read(path));
        }
    }

    private void Read(string path)
    {
        string pattern = IsLiteral ? WildcardPattern.Escape(path) : path;
        foreach (string found in SessionState.Path.GetResolvedProviderPathFromPSPath(pattern, out ProviderInfo provider))
        {
            if (provider.Name == "FileSystem")
            {
                ReadFile(found);
            }
            else
            {
                ReadThroughProvider(path);
            }
        }
    }

    private void ReadFile(string file)
    {
        if (AsByteStream)
        {
            byte[] bytes = File.ReadAllBytes(file);
            WriteObject(bytes, enumerateCollection: !Raw);
            return;
        }

        // The file may be being written, e.g. the output of a program that runs.
        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using StreamReader reader = new(stream, FileText.ResolveEncoding(Encoding));
        if (Raw)
        {
            WriteObject(reader.ReadToEnd());
            return;
        }

        IEnumerable<string> lines = ReadLines(reader);
        lines = TotalCount >= 0 ? lines.Take(TotalCount) : lines;
        lines = Tail >= 0 ? lines.TakeLast(Tail) : lines;
        foreach (string line in lines)
        {
            WriteObject(line);
        }
    }

    private static IEnumerable<string> ReadLines(StreamReader reader)
    {
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    private void ReadThroughProvider(string path)
    {
        foreach (IContentReader reader in InvokeProvider.Content.GetReader([path], force: false, IsLiteral))
        {
            using (reader)
            {
                WriteObject(reader.Read(long.MaxValue), enumerateCollection: true);
            }
        }
    }
}
