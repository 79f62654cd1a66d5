using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Agent.Service;

/// <summary>The agent as a service of systemd. Every call may be repeated.</summary>
internal sealed class AgentService(IServiceManager manager)
{
    /// <summary>True when systemd runs here and knows the service.</summary>
    public async Task<bool> IsInstalledAsync(CancellationToken cancellationToken) =>
        manager.IsRunning && (await manager.RunAsync(["cat", ServiceLayout.ServiceName], cancellationToken).ConfigureAwait(false)).ExitCode == 0;

    /// <summary>Has the unit files read again.</summary>
    public Task ReloadAsync(CancellationToken cancellationToken) => RequireAsync(cancellationToken, "daemon-reload");

    /// <summary>Has the service started with the system.</summary>
    public Task EnableAsync(CancellationToken cancellationToken) => RequireAsync(cancellationToken, "enable", "--quiet", ServiceLayout.ServiceName);

    /// <summary>Starts the service, or starts it anew when it runs, without waiting until its disks are in service.</summary>
    public Task RestartAsync(CancellationToken cancellationToken) => RequireAsync(cancellationToken, "restart", "--no-block", ServiceLayout.ServiceName);

    /// <summary>Stops the service and has it no longer started with the system.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => RequireAsync(cancellationToken, "disable", "--quiet", "--now", ServiceLayout.ServiceName);

    private async Task RequireAsync(CancellationToken cancellationToken, params IReadOnlyList<string> arguments)
    {
        (int exitCode, string output) = await manager.RunAsync(arguments, cancellationToken).ConfigureAwait(false);
        if (exitCode != 0)
        {
            throw new AsrException(
                AsrErrorCode.JobFailed,
                $"'systemctl {string.Join(' ', arguments)}' ended with {exitCode}: {output.Split('\n').First()}",
                "Correct what it names, then repeat the command.",
                ServiceLayout.ServiceName);
        }
    }
}
