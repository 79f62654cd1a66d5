using System.CommandLine;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Consistency;
using Asr.Agent.Disks;
using Asr.Agent.Hosting;
using Asr.Agent.Settings;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Commands;

/// <summary><c>asr-agent run</c>: serves the disks and does what the appliance asks for, until SIGTERM.</summary>
internal static class RunCommand
{
    // EX_CONFIG of sysexits.h: packaging/systemd/asr-agent.service has systemd not try again after it.
    private const int ExitConfiguration = 78;

    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Option<string[]> disks = new("--disk")
        {
            Description = "A disk, instead of those of the settings: NAME=PATH@LISTEN to serve it, LISTEN being unix:/path/to.sock or tcp:127.0.0.1:port (0 for a free one). May be repeated.",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string?> settings = AgentCommandLine.SettingsOption();
        Option<string?> state = AgentCommandLine.StateOption();
        Option<string> scripts = new("--app-consistent-scripts")
        {
            Description = "Folder of the scripts that bring applications to rest for app-consistent recovery points.",
            DefaultValueFactory = _ => ApplicationScripts.DefaultFolder,
        };
        Command command = new("run", "Put the machine's disks into service and replicate them.") { settings, state, disks, scripts };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                await RunAsync(parsed.GetValue(settings), parsed.GetValue(state), parsed.GetValue(disks) ?? [], parsed.GetValue(scripts)!, cancellationToken).ConfigureAwait(false);
                return 0;
            }
            catch (AsrException error) when (error.Code is AsrErrorCode.InvalidArgument or AsrErrorCode.NotFound)
            {
                // Wrong settings, or not enrolled.
                return AgentCommandLine.Fail(error, ExitConfiguration);
            }
        });
        return command;
    }

    private static async Task RunAsync(string? settingsPath, string? state, string[] disks, string scripts, CancellationToken cancellationToken)
    {
        AgentSettings settings = AgentSettingsReader.Load(settingsPath);
        DiskOption[] named = [.. (disks.Length > 0 ? disks : settings.Disks).Select(DiskOption.Parse)];
        DiskOption.RequireDistinct(named);

        // Disks on the command line are all there are: a trial must not begin to replicate the machine it runs on.
        DiskPlan plan = new(named, settings.MachineDisks && disks.Length == 0, new DiskExclusion(settings.Exclude));
        ApplicationScripts applications = new(Path.GetFullPath(scripts), ApplicationScripts.DefaultTimeout);
        await AgentHost.RunAsync(StateFolder.Open(state ?? settings.State), plan, applications, Announce, cancellationToken).ConfigureAwait(false);
    }

    private static void Announce(AgentIdentity identity, ServedMachine machine) => AgentCommandLine.WriteLine(new ServingMachine(
        identity.MachineId, [.. machine.Captures.Select(disk => new ServingDisk(disk.Id, disk.Name, disk.Length, disk.ExportUri))]));
}
