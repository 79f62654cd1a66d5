using System.CommandLine;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Service;

namespace Asr.Agent.Commands;

/// <summary><c>asr-agent uninstall</c>: takes the agent off this system.</summary>
internal static class UninstallCommand
{
    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Option<bool> purge = new("--purge") { Description = "Remove state and settings as well. This machine then has to be enrolled anew, as another one." };
        Option<string> root = InstallCommand.RootOption();
        Command command = new("uninstall", "Stop the agent, remove its service and end the tracking of disks. Keeps state and settings. May be repeated.") { purge, root };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetRequiredValue(root), parsed.GetValue(purge), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string root, bool isPurge, CancellationToken cancellationToken)
    {
        InstallCommand.Print(await new ServiceUninstaller(new ServiceLayout(root), new ServiceManager()).UninstallAsync(isPurge, cancellationToken).ConfigureAwait(false));
        return 0;
    }
}
