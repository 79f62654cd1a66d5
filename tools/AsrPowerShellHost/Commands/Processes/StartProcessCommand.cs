using System;
using System.Collections;
using System.Diagnostics;
using System.IO;
using System.Management.Automation;
using System.Threading.Tasks;

namespace Microsoft.PowerShell.Commands;

/// <summary>Start-Process on this console, with its streams to files where asked.</summary>
[Cmdlet(VerbsLifecycle.Start, "Process", SupportsShouldProcess = true)]
[OutputType(typeof(Process))]
public sealed class StartProcessCommand : PSCmdlet
{
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("PSPath", "Path")]
    public string FilePath { get; set; } = "";

    [Parameter(Position = 1)]
    [Alias("Args")]
    public string[] ArgumentList { get; set; } = [];

    [Parameter]
    public string? WorkingDirectory { get; set; }

    [Parameter]
    [Alias("RSO")]
    public string? RedirectStandardOutput { get; set; }

    [Parameter]
    [Alias("RSE")]
    public string? RedirectStandardError { get; set; }

    [Parameter]
    public Hashtable Environment { get; set; } = [];

    [Parameter]
    public SwitchParameter NoNewWindow { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    [Parameter]
    public SwitchParameter Wait { get; set; }

    protected override void EndProcessing()
    {
        if (!ShouldProcess(FilePath, "Start-Process"))
        {
            return;
        }

        Process process = new() { StartInfo = MakeStartInfo() };
        try
        {
            process.Start();
        }
        catch (Exception error) when (error is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            ThrowTerminatingError(new ErrorRecord(error, "InvalidOperationException", ErrorCategory.InvalidOperation, FilePath));
        }

        Task copies = Task.WhenAll(
            CopyToFile(RedirectStandardOutput, () => process.StandardOutput),
            CopyToFile(RedirectStandardError, () => process.StandardError));
        if (Wait)
        {
            process.WaitForExit();
            copies.GetAwaiter().GetResult();
        }

        if (PassThru)
        {
            WriteObject(process);
        }
    }

    private ProcessStartInfo MakeStartInfo()
    {
        string location = SessionState.Path.CurrentFileSystemLocation.ProviderPath;
        ProcessStartInfo start = new(FilePath)
        {
            // As in PowerShell, the arguments are joined as they are: quoting is the caller's.
            Arguments = string.Join(' ', ArgumentList),
            WorkingDirectory = WorkingDirectory is null
                ? location
                : SessionState.Path.GetUnresolvedProviderPathFromPSPath(WorkingDirectory),
            RedirectStandardOutput = RedirectStandardOutput is not null,
            RedirectStandardError = RedirectStandardError is not null,
        };
        foreach (DictionaryEntry entry in Environment)
        {
            start.Environment[(string)entry.Key] = entry.Value?.ToString();
        }

        return start;
    }

    private async Task CopyToFile(string? path, Func<StreamReader> source)
    {
        if (path is null)
        {
            return;
        }

        // Others may read it while the program writes.
        string fullPath = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);
        using FileStream file = new(fullPath, FileMode.Create, FileAccess.Write, FileShare.Read);
        Stream stream = source().BaseStream;
        byte[] buffer = new byte[4096];
        for (int read = await stream.ReadAsync(buffer); read > 0; read = await stream.ReadAsync(buffer))
        {
            await file.WriteAsync(buffer.AsMemory(0, read));
            await file.FlushAsync();
        }
    }
}
