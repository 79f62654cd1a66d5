using System;
using System.IO;
using System.Runtime.Versioning;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Settings;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Service;

/// <summary>
/// Makes the agent a service of this system: settings, folders, program, unit. Every step looks first, so it may be repeated, and it changes only what was asked for or is missing.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class ServiceInstaller(ServiceLayout layout, IServiceManager manager)
{
    private const UnixFileMode SettingsMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
    private const UnixFileMode SettingsFolderMode = SettingsMode | UnixFileMode.UserExecute | UnixFileMode.GroupExecute;
    private const UnixFileMode ReadableMode = SettingsMode | UnixFileMode.OtherRead;
    private const UnixFileMode ProgramMode = ReadableMode | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const string UnitResource = "asr-agent.service";

    private readonly AgentService _service = new(manager);

    /// <summary>Installs.</summary>
    /// <param name="change">Makes the settings wanted from those that are there.</param>
    /// <param name="program">The program that runs now, which the service is to run.</param>
    /// <param name="cancellationToken">Stops waiting for systemd.</param>
    public async Task<ServiceReport> InstallAsync(Func<AgentSettings, AgentSettings> change, string program, CancellationToken cancellationToken)
    {
        ServiceReport report = new();
        AgentSettings settings;
        bool isNew;
        try
        {
            settings = WriteSettings(change, report);
            StateFolder.OpenOrCreate(layout.At(settings.State));
            isNew = WriteUnit(PlaceProgram(program, report), report);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new AsrException(AsrErrorCode.Forbidden, $"The agent cannot be installed: {error.Message}", "Run asr-agent install as root.", layout.Root, error);
        }

        await StartAsync(settings, isNew, report, cancellationToken).ConfigureAwait(false);
        return report;
    }

    private AgentSettings WriteSettings(Func<AgentSettings, AgentSettings> change, ServiceReport report)
    {
        bool isThere = File.Exists(layout.SettingsFile);
        AgentSettings before = isThere ? AgentSettingsReader.Load(layout.SettingsFile) : new AgentSettings();
        byte[] old = AgentSettingsWriter.Write(before);
        byte[] wanted = AgentSettingsWriter.Write(change(before));
        if (isThere && wanted.AsSpan().SequenceEqual(old))
        {
            report.NoteDone($"kept the settings in {layout.SettingsFile}");
            return before;
        }

        CreateFolder(Path.GetDirectoryName(layout.SettingsFile)!, SettingsFolderMode);
        if (isThere)
        {
            // Its comments are not carried over.
            File.Copy(layout.SettingsFile, layout.SettingsFile + ".old", overwrite: true);
        }

        Replace(layout.SettingsFile, wanted, SettingsMode);
        report.NoteDone($"wrote the settings to {layout.SettingsFile}{(isThere ? ", the former to " + layout.SettingsFile + ".old" : "")}");
        return AgentSettingsReader.Read(wanted, layout.SettingsFile);
    }

    // A program of one file that lies where it may be cleaned away, or that others may write, gets a place of its own; one below /usr stays where it is.
    private string PlaceProgram(string program, ServiceReport report)
    {
        bool isOneFile = !File.Exists(Path.ChangeExtension(program, ".dll"));
        if (program.StartsWith("/usr/", StringComparison.Ordinal) || !isOneFile || program == layout.ProgramFile)
        {
            return program;
        }

        CreateFolder(Path.GetDirectoryName(layout.ProgramFile)!, ProgramMode);
        Replace(layout.ProgramFile, File.ReadAllBytes(program), ProgramMode);
        report.NoteDone($"copied the program to {layout.ProgramFile}");
        return layout.ProgramFile;
    }

    private bool WriteUnit(string program, ServiceReport report)
    {
        if (layout.HasPackagedUnit)
        {
            report.NoteDone("kept the package's unit");
            return false;
        }

        byte[] unit = Encoding.UTF8.GetBytes(ReadUnit().Replace(ServiceLayout.PackagedProgram, layout.Inside(program), StringComparison.Ordinal));
        if (File.Exists(layout.UnitFile) && File.ReadAllBytes(layout.UnitFile).AsSpan().SequenceEqual(unit))
        {
            report.NoteDone($"kept the unit {layout.UnitFile}");
            return false;
        }

        CreateFolder(Path.GetDirectoryName(layout.UnitFile)!, ProgramMode);
        Replace(layout.UnitFile, unit, ReadableMode);
        report.NoteDone($"wrote the unit {layout.UnitFile}");
        return true;
    }

    private async Task StartAsync(AgentSettings settings, bool isNew, ServiceReport report, CancellationToken cancellationToken)
    {
        bool isEnrolled = File.Exists(StateFolder.Open(layout.At(settings.State)).IdentityFile);
        if (!layout.IsThisSystem || !manager.IsRunning)
        {
            report.NoteLeft(layout.IsThisSystem
                ? "systemd does not run here: start 'asr-agent run' by other means"
                : $"in the system itself: systemctl enable --now {ServiceLayout.ServiceName}");
        }
        else
        {
            if (isNew)
            {
                await _service.ReloadAsync(cancellationToken).ConfigureAwait(false);
            }

            await _service.EnableAsync(cancellationToken).ConfigureAwait(false);
            report.NoteDone("the service starts with the system");
            if (isEnrolled)
            {
                await _service.RestartAsync(cancellationToken).ConfigureAwait(false);
                report.NoteDone("started the service");
            }
        }

        if (!isEnrolled)
        {
            report.NoteLeft($"enroll this machine: asr-agent enroll{(settings.Appliance is null ? " --appliance https://host:port" : "")}");
        }
    }

    private static string ReadUnit()
    {
        using Stream resource = typeof(ServiceInstaller).Assembly.GetManifestResourceStream(UnitResource)
            ?? throw new InvalidOperationException("The unit file is not in the program.");
        using StreamReader reader = new(resource);
        return reader.ReadToEnd();
    }

    private static void CreateFolder(string path, UnixFileMode mode)
    {
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, mode);
        }
    }

    // Whoever reads the file meanwhile, or runs it, has the old one or the new one.
    private static void Replace(string path, byte[] content, UnixFileMode mode)
    {
        string temporary = path + ".new";
        File.Delete(temporary);
        using (FileStream file = new(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.SetUnixFileMode(temporary, mode);
        File.Move(temporary, path, overwrite: true);
    }
}
