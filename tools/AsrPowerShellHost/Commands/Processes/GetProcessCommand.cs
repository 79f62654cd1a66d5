using System;
using System.Diagnostics;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Get-Process, by name or id.</summary>
[Cmdlet(VerbsCommon.Get, "Process", DefaultParameterSetName = "Name")]
[OutputType(typeof(Process))]
public sealed class GetProcessCommand : PSCmdlet
{
    [Parameter(Position = 0, ParameterSetName = "Name", ValueFromPipelineByPropertyName = true)]
    [Alias("ProcessName")]
    public string[] Name { get; set; } = ["*"];

    [Parameter(Mandatory = true, ParameterSetName = "Id", ValueFromPipelineByPropertyName = true)]
    [Alias("PID")]
    public int[] Id { get; set; } = [];

    protected override void ProcessRecord()
    {
        if (ParameterSetName == "Id")
        {
            foreach (int id in Id)
            {
                WriteById(id);
            }

            return;
        }

        foreach (string name in Name)
        {
            WriteByName(name);
        }
    }

    private void WriteById(int id)
    {
        try
        {
            WriteObject(Process.GetProcessById(id));
        }
        catch (ArgumentException error)
        {
            WriteError(new ErrorRecord(
                new PSArgumentException($"Cannot find a process with the process identifier {id}.", error),
                "NoProcessFoundForGivenId", ErrorCategory.ObjectNotFound, id));
        }
    }

    private void WriteByName(string name)
    {
        WildcardPattern pattern = new(name, WildcardOptions.IgnoreCase);
        Process[] found = [.. Process.GetProcesses().Where(process => pattern.IsMatch(process.ProcessName))];
        if (found.Length == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
        {
            WriteError(new ErrorRecord(
                new PSArgumentException($"Cannot find a process with the name \"{name}\"."),
                "NoProcessFoundForGivenName", ErrorCategory.ObjectNotFound, name));
        }

        WriteObject(found, enumerateCollection: true);
    }
}
