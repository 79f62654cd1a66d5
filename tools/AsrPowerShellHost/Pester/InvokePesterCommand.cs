using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>Invoke-Pester: discovers the tests of each file, then runs them.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Pester")]
[OutputType(typeof(TestRun))]
public sealed class InvokePesterCommand : PSCmdlet
{
    [Parameter(Position = 0)]
    public string[] Path { get; set; } = ["."];

    [Parameter]
    [ValidateSet("None", "Normal", "Detailed", "Diagnostic")]
    public string Output { get; set; } = "Normal";

    [Parameter]
    [Alias("Tag", "Tags")]
    public string[] TagFilter { get; set; } = [];

    [Parameter]
    [Alias("ExcludeTag", "ExcludeTags")]
    public string[] ExcludeTagFilter { get; set; } = [];

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void EndProcessing()
    {
        TestReport report = new(Host.UI, isSilent: Output == "None");
        PesterSession session = new(report, TagFilter, ExcludeTagFilter);
        PesterSession.Current = session;
        try
        {
            foreach (string file in Path.SelectMany(path => FilesOf(path)))
            {
                RunFile(session, report, file);
            }
        }
        finally
        {
            PesterSession.Current = null;
        }

        report.End(session.Run);
        if (PassThru)
        {
            WriteObject(session.Run);
        }
    }

    private IEnumerable<string> FilesOf(string path)
    {
        foreach (string found in SessionState.Path.GetResolvedProviderPathFromPSPath(path, out _))
        {
            string[] files = Directory.Exists(found)
                ? Directory.GetFiles(found, "*.Tests.ps1", SearchOption.AllDirectories)
                : [found];
            foreach (string file in files.Order())
            {
                yield return file;
            }
        }
    }

    private void RunFile(PesterSession session, TestReport report, string file)
    {
        TestBlock root = new(file, parent: null, data: null, tags: [], isSkipped: false);
        session.DiscoveredBlock = root;
        object? error = InvokeCommand.InvokeScript(true, RunScripts.File, null, file).LastOrDefault()?.BaseObject;
        session.DiscoveredBlock = null;
        if (error is ErrorRecord failure)
        {
            session.Run.FailedContainersCount++;
            report.Fail(file, failure);
            return;
        }

        session.Run.Add(root);
        using TestDrive drive = new(SessionState);
        InvokeCommand.InvokeScript(true, RunScripts.Block, null, session, root, drive.Path);
    }
}
