using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Text;

namespace Microsoft.PowerShell.Commands;

/// <summary>ConvertTo-Csv.</summary>
[Cmdlet(VerbsData.ConvertTo, "Csv")]
[OutputType(typeof(string))]
public sealed class ConvertToCsvCommand : PSCmdlet
{
    private readonly List<PSObject> _items = [];

    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    public PSObject InputObject { get; set; } = null!;

    [Parameter(Position = 1)]
    public char Delimiter { get; set; } = ',';

    [Parameter]
    [Alias("NTI")]
    public SwitchParameter NoTypeInformation { get; set; }

    protected override void ProcessRecord() => _items.Add(InputObject);

    protected override void EndProcessing() => WriteObject(CsvText.Write(_items, Delimiter), enumerateCollection: true);
}

/// <summary>Export-Csv.</summary>
[Cmdlet(VerbsData.Export, "Csv", SupportsShouldProcess = true)]
public sealed class ExportCsvCommand : PSCmdlet
{
    private readonly List<PSObject> _items = [];

    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public PSObject InputObject { get; set; } = null!;

    [Parameter(Mandatory = true, Position = 0)]
    [Alias("LiteralPath", "PSPath")]
    public string Path { get; set; } = "";

    [Parameter(Position = 1)]
    public char Delimiter { get; set; } = ',';

    [Parameter]
    public string Encoding { get; set; } = FileText.DefaultEncodingName;

    [Parameter]
    [Alias("NTI")]
    public SwitchParameter NoTypeInformation { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord() => _items.Add(InputObject);

    protected override void EndProcessing()
    {
        string path = SessionState.Path.GetUnresolvedProviderPathFromPSPath(Path);
        if (ShouldProcess(path, "Export-Csv"))
        {
            string text = string.Concat(CsvText.Write(_items, Delimiter).Select(line => line + Environment.NewLine));
            FileText.Write(this, path, text, FileText.ResolveEncoding(Encoding), append: false);
        }
    }
}

/// <summary>ConvertFrom-Csv.</summary>
[Cmdlet(VerbsData.ConvertFrom, "Csv")]
public sealed class ConvertFromCsvCommand : PSCmdlet
{
    private readonly StringBuilder _text = new();

    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [AllowEmptyString]
    public string[] InputObject { get; set; } = [];

    [Parameter(Position = 1)]
    public char Delimiter { get; set; } = ',';

    protected override void ProcessRecord() => _text.AppendJoin('\n', InputObject).Append('\n');

    protected override void EndProcessing() =>
        WriteObject(CsvText.Read(_text.ToString(), Delimiter), enumerateCollection: true);
}

/// <summary>Import-Csv.</summary>
[Cmdlet(VerbsData.Import, "Csv", DefaultParameterSetName = PathSet)]
public sealed class ImportCsvCommand : PathCommand
{
    [Parameter(Position = 1)]
    public char Delimiter { get; set; } = ',';

    protected override void ProcessRecord()
    {
        foreach (string path in GivenPaths)
        {
            ForPath(path, () => Import(path));
        }
    }

    private void Import(string path)
    {
        foreach (string file in ResolveFiles(path))
        {
            WriteObject(CsvText.Read(System.IO.File.ReadAllText(file), Delimiter), enumerateCollection: true);
        }
    }
}
