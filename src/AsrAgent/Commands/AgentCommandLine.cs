using System;
using System.CommandLine;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Asr.Agent.Settings;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Commands;

/// <summary>The command line of asr-agent. A failure is one <see cref="AsrError"/> as a line of JSON on stderr and exit code 1.</summary>
internal static class AgentCommandLine
{
    /// <summary>Parses and runs; the exit code.</summary>
    public static async Task<int> InvokeAsync(string[] args)
    {
        RootCommand root = new("Mobility agent: captures the changes of a machine's disks and sends them to the appliance.")
        {
            InstallCommand.Create(),
            EnrollCommand.Create(),
            RunCommand.Create(),
            StatusCommand.Create(),
            ThawWatchdogCommand.Create(),
            UninstallCommand.Create(),
        };
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            return Fail(new AsrException(
                AsrErrorCode.InvalidArgument, string.Join(" ", parsed.Errors.Select(error => error.Message)), "Run asr-agent --help."));
        }

        // The host handles SIGTERM and SIGINT itself and takes as long as an orderly end needs.
        InvocationConfiguration configuration = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        try
        {
            return await parsed.InvokeAsync(configuration).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            return Fail(error);
        }
    }

    /// <summary>The settings file, which every command reads.</summary>
    public static Option<string?> SettingsOption() => new("--settings") { Description = $"The settings file. Default: {AgentSettings.DefaultPath}, if it is there." };

    /// <summary>The folder every command works on.</summary>
    public static Option<string?> StateOption() => new("--state") { Description = $"The agent's state folder. Default: the settings', else {AgentSettings.DefaultState}." };

    /// <summary>Writes one line of JSON to stdout.</summary>
    public static void WriteLine<T>(T document) => Console.Out.WriteLine(JsonSerializer.Serialize(document, AgentJson.Compact<T>()));

    /// <summary>Tells a failure and gives the exit code.</summary>
    public static int Fail(Exception error, int exitCode = 1)
    {
        Console.Error.WriteLine(JsonSerializer.Serialize(AsrError.From(error), AgentJson.Compact<AsrError>()));
        return exitCode;
    }
}
