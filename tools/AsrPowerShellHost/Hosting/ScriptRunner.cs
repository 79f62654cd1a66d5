using System;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Asr.PowerShellHost.Hosting;

/// <summary>Runs one script in one runspace and tells its exit code.</summary>
internal static class ScriptRunner
{
    private const int FailureExitCode = 1;

    public static int Run(HostArguments arguments)
    {
        using ConsoleHost host = new(arguments.IsNonInteractive);
        using Runspace runspace = SessionFactory.Open(host);
        host.Runspace = runspace;
        using PowerShell shell = PowerShell.Create(runspace);
        Console.CancelKeyPress += (_, press) =>
        {
            // The script's finally blocks run before the process ends.
            press.Cancel = true;
            shell.BeginStop(callback: null, state: null);
        };

        AddWork(shell, runspace, arguments);
        shell.Commands.Commands[0].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        shell.AddCommand("Out-Default");
        int exitCode = Invoke(shell, host, runspace);
        host.Interface.EndProgress();
        return exitCode;
    }

    private static void AddWork(PowerShell shell, Runspace runspace, HostArguments arguments)
    {
        if (arguments.CommandText is { } text)
        {
            // A command's exit code tells whether its last statement succeeded; `exit` never gets to this line.
            shell.AddScript($"{text}\nif (-not $?) {{ $Host.SetShouldExit({FailureExitCode}) }}", useLocalScope: false);
            return;
        }

        EngineInternals.LetExitEndHost(runspace);
        Command script = new(arguments.ScriptPath, isScript: false, useLocalScope: false);
        foreach (CommandParameter parameter in arguments.ScriptParameters)
        {
            script.Parameters.Add(parameter);
        }

        shell.Commands.AddCommand(script);
    }

    private static int Invoke(PowerShell shell, ConsoleHost host, Runspace runspace)
    {
        try
        {
            shell.Invoke();
        }
        catch (PipelineStoppedException)
        {
            return host.ExitCode ?? FailureExitCode;
        }
        catch (RuntimeException error)
        {
            ShowError(runspace, error.ErrorRecord ?? new ErrorRecord(error, "Failed", ErrorCategory.NotSpecified, null));
            return host.ExitCode ?? FailureExitCode;
        }

        return host.ExitCode ?? 0;
    }

    private static void ShowError(Runspace runspace, ErrorRecord error)
    {
        using PowerShell shell = PowerShell.Create(runspace);
        PSObject shown = PSObject.AsPSObject(error);
        shell.AddCommand("Out-String").AddParameter("InputObject", shown).AddParameter("Stream");
        foreach (PSObject line in shell.Invoke())
        {
            Console.Error.WriteLine(line);
        }
    }
}
