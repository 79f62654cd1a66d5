using System;
using System.Globalization;
using System.IO;
using System.Management.Automation;
using Microsoft.PowerShell.Commands.Internal.Format;

namespace Microsoft.PowerShell.Commands;

/// <summary>Out-File: what the formatting would print, in a file.</summary>
[Cmdlet(VerbsData.Out, "File", SupportsShouldProcess = true)]
public sealed class OutFileCommand : FrontEndCommandBase
{
    private const int DefaultWidth = 120;
    private readonly StringWriter _text = new(CultureInfo.InvariantCulture);

    [Parameter(Mandatory = true, Position = 0)]
    [Alias("Path", "LiteralPath", "PSPath")]
    public string FilePath { get; set; } = "";

    [Parameter(Position = 1)]
    public string Encoding { get; set; } = FileText.DefaultEncodingName;

    [Parameter]
    public SwitchParameter Append { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter NoNewline { get; set; }

    [Parameter]
    [ValidateRange(2, int.MaxValue)]
    public int Width { get; set; } = DefaultWidth;

    protected override void BeginProcessing()
    {
        EngineFormatting.UseTextOutput(this, _text, Width);
        base.BeginProcessing();
    }

    protected override void EndProcessing()
    {
        base.EndProcessing();
        string path = SessionState.Path.GetUnresolvedProviderPathFromPSPath(FilePath);
        if (!ShouldProcess(path, "Output to File"))
        {
            return;
        }

        string text = NoNewline ? _text.ToString().Replace(Environment.NewLine, "") : _text.ToString();
        FileText.Write(this, path, text, FileText.ResolveEncoding(Encoding), Append);
    }
}
