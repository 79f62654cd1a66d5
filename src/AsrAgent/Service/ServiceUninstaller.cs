using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Settings;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Service;

/// <summary>
/// Takes the agent off this system: stops it, removes its unit, ends the tracking of disks that goes on without it. Identity, disk ids and settings stay unless they are to go as well:
/// with them a later installation is the same machine. May be repeated.
/// </summary>
internal sealed class ServiceUninstaller(ServiceLayout layout, IServiceManager manager)
{
    private readonly AgentService _service = new(manager);

    /// <summary>Uninstalls.</summary>
    /// <param name="isPurge">True to remove state and settings as well.</param>
    /// <param name="cancellationToken">Stops waiting for systemd.</param>
    public async Task<ServiceReport> UninstallAsync(bool isPurge, CancellationToken cancellationToken)
    {
        ServiceReport report = new();
        AgentSettings settings = File.Exists(layout.SettingsFile) ? AgentSettingsReader.Load(layout.SettingsFile) : new AgentSettings();
        string state = layout.At(settings.State);
        if (layout.IsThisSystem && await _service.IsInstalledAsync(cancellationToken).ConfigureAwait(false))
        {
            await _service.StopAsync(cancellationToken).ConfigureAwait(false);
            report.NoteDone("stopped the service; it no longer starts with the system");
        }

        RequireStopped(state);
        try
        {
            await RemoveUnitAsync(report, cancellationToken).ConfigureAwait(false);

            // The pins last: with them goes the knowledge of what has changed, so protection that begins again begins with a comparison.
            RemoveFolder(layout.RuntimeFolder, report);
            RemoveFolder(layout.PinFolder, report);
            if (isPurge)
            {
                Purge(state, report);
            }
            else if (Directory.Exists(state))
            {
                report.NoteDone($"kept {state} and {layout.SettingsFile}; --purge removes them");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AsrException(AsrErrorCode.Forbidden, $"The agent cannot be removed in full: {error.Message}", "Repeat asr-agent uninstall as root.", layout.Root, error);
        }

        return report;
    }

    private static void RequireStopped(string state)
    {
        if (Directory.Exists(state) && File.Exists(StateFolder.Open(state).LockFile) && StateLock.IsHeld(StateFolder.Open(state)))
        {
            throw new AsrException(AsrErrorCode.InUse, $"An agent runs on '{state}'.", "Stop it, then repeat asr-agent uninstall.", state);
        }
    }

    private async Task RemoveUnitAsync(ServiceReport report, CancellationToken cancellationToken)
    {
        if (File.Exists(layout.UnitFile))
        {
            File.Delete(layout.UnitFile);
            report.NoteDone($"removed {layout.UnitFile}");
            if (layout.IsThisSystem && manager.IsRunning)
            {
                await _service.ReloadAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        if (layout.HasPackagedUnit)
        {
            report.NoteLeft("remove the package: apt-get remove asr-agent");
        }
    }

    private void Purge(string state, ServiceReport report)
    {
        // Only a folder that is an agent's: the setting may name anything.
        if (Directory.Exists(state) && File.Exists(StateFolder.Open(state).LockFile))
        {
            RemoveFolder(state, report);
        }

        foreach (string file in new[] { layout.SettingsFile, layout.SettingsFile + ".old" })
        {
            if (File.Exists(file))
            {
                File.Delete(file);
                report.NoteDone($"removed {file}");
            }
        }
    }

    private static void RemoveFolder(string path, ServiceReport report)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
            report.NoteDone($"removed {path}");
        }
    }
}
