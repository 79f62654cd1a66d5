using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Service;
using Asr.Agent.Settings;
using Asr.Agent.State;
using Asr.Contracts;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Service;

/// <summary>Installing and uninstalling in a folder that counts as the root of a system.</summary>
public sealed class ServiceInstallerTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly NoManager _manager = new();
    private readonly ServiceLayout _layout;
    private readonly string _program;

    public ServiceInstallerTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The agent is a service on Linux.");
        _layout = new ServiceLayout(_temporary.At("root"));
        _program = _temporary.At("download");
        File.WriteAllText(_program, "program");
    }

    [Fact]
    public async Task EverythingHasItsPlaceAndMode()
    {
        ServiceReport report = await InstallAsync(settings => settings with { Appliance = new Uri("https://asr.example.org:8443"), Exclude = ["/dev/sdb"] });

        AgentSettings settings = AgentSettingsReader.Load(_layout.SettingsFile);
        Assert.Equal((new Uri("https://asr.example.org:8443"), "/dev/sdb"), (settings.Appliance, Assert.Single(settings.Exclude)));
        Assert.Equal("-rw-r-----", ModeOf(_layout.SettingsFile));
        Assert.Equal("drwx------", ModeOf(_layout.At(AgentSettings.DefaultState)));
        Assert.Equal("-rwxr-xr-x", ModeOf(_layout.ProgramFile));
        Assert.Equal("program", File.ReadAllText(_layout.ProgramFile));
        Assert.Contains("\nExecStart=/usr/local/sbin/asr-agent run\n", File.ReadAllText(_layout.UnitFile), StringComparison.Ordinal);
        Assert.Equal("-rw-r--r--", ModeOf(_layout.UnitFile));
        Assert.Contains(report.Left, line => line.Contains("asr-agent enroll", StringComparison.Ordinal));
        Assert.Empty(_manager.Calls);
    }

    [Fact]
    public async Task ASecondTimeNothingChanges()
    {
        await InstallAsync(settings => settings with { Exclude = ["/dev/sdb"] });
        File.AppendAllText(_layout.SettingsFile, "// A note of the administrator.\n");
        string before = File.ReadAllText(_layout.SettingsFile);

        await InstallAsync(settings => settings);

        Assert.Equal(before, File.ReadAllText(_layout.SettingsFile));
        Assert.False(File.Exists(_layout.SettingsFile + ".old"));
    }

    [Fact]
    public async Task ASettingThatIsGivenChangesAndTheOthersStay()
    {
        await InstallAsync(settings => settings with { Exclude = ["/dev/sdb"] });
        await InstallAsync(settings => settings with { MachineDisks = false });
        AgentSettings settings = AgentSettingsReader.Load(_layout.SettingsFile);
        Assert.Equal((false, "/dev/sdb"), (settings.MachineDisks, Assert.Single(settings.Exclude)));
        Assert.True(AgentSettingsReader.Load(_layout.SettingsFile + ".old").MachineDisks);
    }

    [Fact]
    public async Task ThePackagesUnitCounts()
    {
        string packaged = _layout.At("/usr/lib/systemd/system/asr-agent.service");
        Directory.CreateDirectory(Path.GetDirectoryName(packaged)!);
        File.WriteAllText(packaged, "");
        await InstallAsync(settings => settings);
        Assert.False(File.Exists(_layout.UnitFile));
    }

    [Fact]
    public async Task UninstallingKeepsTheStateAndMayBeRepeated()
    {
        await InstallAsync(settings => settings);
        Track();

        await UninstallAsync();
        Assert.False(File.Exists(_layout.UnitFile));
        Assert.False(Directory.Exists(_layout.PinFolder));
        Assert.False(Directory.Exists(_layout.RuntimeFolder));
        Assert.True(Directory.Exists(_layout.At(AgentSettings.DefaultState)));
        Assert.True(File.Exists(_layout.SettingsFile));
        await UninstallAsync();
    }

    [Fact]
    public async Task PurgingLeavesNothing()
    {
        await InstallAsync(settings => settings);
        using (StateLock.Take(StateFolder.Open(_layout.At(AgentSettings.DefaultState))))
        {
            // An agent has run.
        }

        await UninstallAsync(isPurge: true);
        Assert.False(Directory.Exists(_layout.At(AgentSettings.DefaultState)));
        Assert.False(File.Exists(_layout.SettingsFile));
    }

    [Fact]
    public async Task AFolderThatIsNoAgentsIsNotPurged()
    {
        await InstallAsync(settings => settings);
        string letter = Path.Combine(_layout.At(AgentSettings.DefaultState), "letter.txt");
        File.WriteAllText(letter, "private");
        await UninstallAsync(isPurge: true);
        Assert.True(File.Exists(letter));
    }

    [Fact]
    public async Task AnAgentThatRunsIsNotTornOut()
    {
        await InstallAsync(settings => settings);
        Track();
        using StateLock running = StateLock.Take(StateFolder.Open(_layout.At(AgentSettings.DefaultState)));
        Assert.Equal(AsrErrorCode.InUse, (await Assert.ThrowsAsync<AsrException>(() => UninstallAsync())).Code);
        Assert.True(Directory.Exists(_layout.PinFolder));
    }

    [Fact]
    public void WhatIsWrittenCanBeRead()
    {
        AgentSettings settings = new() { Exclude = ["/dev/disk/by-id/a\"b"], Disks = ["data=/srv/d.img@unix:/run/d"], State = "/srv/asr" };
        Assert.Equivalent(settings, AgentSettingsReader.Read(AgentSettingsWriter.Write(settings), "test"), strict: true);
    }

    public void Dispose() => _temporary.Dispose();

    private Task<ServiceReport> InstallAsync(Func<AgentSettings, AgentSettings> change)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException();
        }

        return new ServiceInstaller(_layout, _manager).InstallAsync(change, _program, TestContext.Current.CancellationToken);
    }

    private Task<ServiceReport> UninstallAsync(bool isPurge = false) =>
        new ServiceUninstaller(_layout, _manager).UninstallAsync(isPurge, TestContext.Current.CancellationToken);

    private void Track()
    {
        foreach (string folder in new[] { _layout.PinFolder, _layout.RuntimeFolder })
        {
            Directory.CreateDirectory(Path.Combine(folder, "disk"));
            File.WriteAllText(Path.Combine(folder, "disk", "map"), "");
        }
    }

    private static string ModeOf(string path)
    {
        UnixFileMode mode = OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);
        return (Directory.Exists(path) ? "d" : "-") + string.Concat(Enumerable.Range(0, 9).Select(bit => ((int)mode & (256 >> bit)) != 0 ? "rwx"[bit % 3] : '-'));
    }

    /// <summary>A system without systemd; notes whether it was asked all the same.</summary>
    private sealed class NoManager : IServiceManager
    {
        public List<IReadOnlyList<string>> Calls { get; } = [];

        public bool IsRunning => false;

        public Task<(int ExitCode, string Output)> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
        {
            Calls.Add(arguments);
            return Task.FromResult((0, ""));
        }
    }
}
