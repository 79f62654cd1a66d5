using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>What Set-Content and Add-Content share: values gathered from the pipeline, written at its end.</summary>
public abstract class WriteContentCommand : PSCmdlet
{
    private readonly List<object?> _values = [];

    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("LiteralPath", "PSPath")]
    public string[] Path { get; set; } = [];

    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [AllowNull]
    [AllowEmptyCollection]
    public object?[]? Value { get; set; }

    [Parameter]
    public string Encoding { get; set; } = FileText.DefaultEncodingName;

    [Parameter]
    public SwitchParameter NoNewline { get; set; }

    [Parameter]
    public SwitchParameter AsByteStream { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    protected abstract bool IsAppending { get; }

    protected override void ProcessRecord() => _values.AddRange(Value ?? []);

    protected override void EndProcessing()
    {
        foreach (string path in Path)
        {
            string file = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);
            if (!ShouldProcess(file, IsAppending ? "Add Content" : "Set Content"))
            {
                continue;
            }

            if (AsByteStream)
            {
                WriteBytes(file);
            }
            else
            {
                FileText.Write(this, file, TextOfValues(), FileText.ResolveEncoding(Encoding), IsAppending);
            }
        }
    }

    private string TextOfValues()
    {
        string lineEnd = NoNewline ? "" : Environment.NewLine;
        return string.Concat(_values.Select(value => LanguagePrimitives.ConvertTo<string>(value) + lineEnd));
    }

    private void WriteBytes(string file)
    {
        byte[] bytes = [.. _values.Select(value => LanguagePrimitives.ConvertTo<byte>(value))];
        using FileStream stream = new(file, IsAppending ? FileMode.Append : FileMode.Create);
        stream.Write(bytes);
    }
}
