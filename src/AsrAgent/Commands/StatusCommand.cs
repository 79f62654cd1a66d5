using System;
using System.CommandLine;
using Asr.Agent.Settings;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Commands;

/// <summary><c>asr-agent status</c>: what the agent of a state folder does, or did last.</summary>
internal static class StatusCommand
{
    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Option<string?> settings = AgentCommandLine.SettingsOption();
        Option<string?> state = AgentCommandLine.StateOption();
        Option<bool> json = new("--json") { Description = "One line of JSON instead of a table." };
        Command command = new("status", "Show what the agent does.") { settings, state, json };
        command.SetAction(parsed => Run(parsed.GetValue(state) ?? AgentSettingsReader.Load(parsed.GetValue(settings)).State, parsed.GetValue(json)));
        return command;
    }

    private static int Run(string state, bool json)
    {
        StateFolder folder = StateFolder.Open(state);
        AgentIdentity identity = AgentIdentity.Load(folder);
        AgentStatus status = StateFile.Read<AgentStatus>(folder.StatusFile) ?? throw new AsrException(
            AsrErrorCode.NotFound, $"The agent of machine '{identity.MachineName}' has not run in '{folder.Path}' yet.", "Start it with asr-agent run.", folder.Path);
        if (json)
        {
            AgentCommandLine.WriteLine(status);
        }
        else
        {
            StatusTable.Write(Console.Out, status, isRunning: StateLock.IsHeld(folder));
        }

        return 0;
    }
}
