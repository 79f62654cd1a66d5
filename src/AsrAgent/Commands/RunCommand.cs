using System.CommandLine;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Disks;
using Asr.Agent.Hosting;
using Asr.Agent.State;

namespace Asr.Agent.Commands;

/// <summary><c>asr-agent run</c>: serves the disks and does what the appliance asks for, until SIGTERM.</summary>
internal static class RunCommand
{
    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Option<string[]> disks = new("--disk")
        {
            Description = "A disk to serve: NAME=PATH@LISTEN, LISTEN being unix:/path/to.sock or tcp:127.0.0.1:port (0 for a free one). May be repeated.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string> state = AgentCommandLine.StateOption();
        Command command = new("run", "Serve disks and replicate them.") { state, disks };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetRequiredValue(state), parsed.GetRequiredValue(disks), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string state, string[] disks, CancellationToken cancellationToken)
    {
        DiskOption[] options = [.. disks.Select(DiskOption.Parse)];
        DiskOption.RequireDistinct(options);
        await AgentHost.RunAsync(StateFolder.Open(state), options, Announce, cancellationToken).ConfigureAwait(false);
        return 0;
    }

    private static void Announce(AgentIdentity identity, ServedMachine machine) => AgentCommandLine.WriteLine(new
    {
        identity.MachineId,
        Disks = machine.Captures.Select(disk => new { disk.Id, disk.Name, SizeBytes = disk.Length, disk.ExportUri }),
    });
}
