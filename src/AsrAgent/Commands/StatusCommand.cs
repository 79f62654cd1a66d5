using System;
using System.CommandLine;
using Asr.Agent.Settings;
using Asr.Agent.State;

namespace Asr.Agent.Commands;

/// <summary>
/// <c>asr-agent status</c>: what the agent of a state folder does, or did last. The exit code says how it is: 0 healthy, 1 something is wrong, 3 not running.
/// </summary>
internal static class StatusCommand
{
    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Option<string?> settings = AgentCommandLine.SettingsOption();
        Option<string?> state = AgentCommandLine.StateOption();
        Option<bool> json = new("--json") { Description = "One line of JSON instead of a table." };
        Command command = new("status", "Show what the agent does. Exit code 0: healthy, 1: something is wrong, 3: not running.") { settings, state, json };
        command.SetAction(parsed => Run(parsed.GetValue(state) ?? AgentSettingsReader.Load(parsed.GetValue(settings)).State, parsed.GetValue(json)));
        return command;
    }

    private static int Run(string state, bool json)
    {
        StateFolder folder = StateFolder.Open(state);
        AgentIdentity identity = AgentIdentity.Load(folder);
        if (StateFile.Read<AgentStatus>(folder.StatusFile) is not { } status)
        {
            Console.Out.WriteLine($"The agent of machine '{identity.MachineName}' has not run in '{folder.Path}' yet.");
            return AgentHealth.NotRunning;
        }

        AgentHealth health = AgentHealth.Of(status, isRunning: StateLock.IsHeld(folder), TimeProvider.System.GetUtcNow());
        if (json)
        {
            AgentCommandLine.WriteLine(status);
        }
        else
        {
            StatusTable.Write(Console.Out, status, health);
        }

        return health.ExitCode;
    }
}
