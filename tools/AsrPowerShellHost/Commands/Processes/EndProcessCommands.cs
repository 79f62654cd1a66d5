using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>A command on processes given as objects or ids.</summary>
public abstract class ProcessCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Id", ValueFromPipelineByPropertyName = true)]
    public int[] Id { get; set; } = [];

    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "InputObject", ValueFromPipeline = true)]
    public Process[] InputObject { get; set; } = [];

    protected IEnumerable<Process> Processes()
    {
        foreach (Process process in InputObject)
        {
            yield return process;
        }

        foreach (int id in Id)
        {
            Process? process = null;
            try
            {
                process = Process.GetProcessById(id);
            }
            catch (ArgumentException error)
            {
                WriteError(new ErrorRecord(error, "NoProcessFoundForGivenId", ErrorCategory.ObjectNotFound, id));
            }

            if (process is not null)
            {
                yield return process;
            }
        }
    }
}

/// <summary>Wait-Process.</summary>
[Cmdlet(VerbsLifecycle.Wait, "Process", DefaultParameterSetName = "InputObject")]
public sealed class WaitProcessCommand : ProcessCommand
{
    [Parameter]
    [Alias("TimeoutSec")]
    [ValidateRange(0, 32767)]
    public int? Timeout { get; set; }

    protected override void ProcessRecord()
    {
        foreach (Process process in Processes())
        {
            if (!process.WaitForExit(Timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : System.Threading.Timeout.InfiniteTimeSpan))
            {
                WriteError(new ErrorRecord(
                    new TimeoutException($"The process {process.Id} has not exited within {Timeout} s."),
                    "ProcessNotTerminated", ErrorCategory.CloseError, process));
            }
        }
    }
}

/// <summary>Stop-Process.</summary>
[Cmdlet(VerbsLifecycle.Stop, "Process", DefaultParameterSetName = "InputObject", SupportsShouldProcess = true)]
public sealed class StopProcessCommand : ProcessCommand
{
    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        foreach (Process process in Processes())
        {
            if (!process.HasExited && ShouldProcess($"{process.ProcessName} ({process.Id})", "Stop-Process"))
            {
                process.Kill();
            }

            if (PassThru)
            {
                WriteObject(process);
            }
        }
    }
}
