using System.CommandLine;
using Asr.Agent.Consistency;

namespace Asr.Agent.Commands;

/// <summary><c>asr-agent thaw-watchdog</c>: started by the agent itself, not by people.</summary>
internal static class ThawWatchdogCommand
{
    /// <summary>Name of the command.</summary>
    public const string Name = "thaw-watchdog";

    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Argument<int> socket = new("socket") { Description = "Descriptor of the socket to the agent." };
        Command command = new(Name, "Guard frozen file systems for the agent that starts this.") { socket };
        command.Hidden = true;
        command.SetAction(parsed => ThawWatchdogProcess.Run(parsed.GetValue(socket)));
        return command;
    }
}
