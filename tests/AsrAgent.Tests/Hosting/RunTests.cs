using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.State;
using Asr.Agent.Tests.Doubles;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Engine.Nbd;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Hosting;

/// <summary>The whole agent as a process, with the appliance played.</summary>
public sealed class RunTests : IAsyncLifetime
{
    private const int DiskBytes = 1 << 20;

    private readonly TemporaryFolder _temporary = new();
    private readonly TestAuthority _authority = new();
    private readonly byte[] _content = RandomNumberGenerator.GetBytes(4096);
    private TestControl _control = null!;
    private StateFolder _folder = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Disks are served on Linux.");
        _control = await TestControl.StartAsync(_authority);
        _folder = _control.Enroll(_temporary.At("state"));
    }

    [Fact]
    public async Task ServesReportsAndStopsInOrder()
    {
        await using AgentProcess agent = await AgentProcess.RunAsync(_folder.Path, NewDisk("data"), NewDisk("log", "tcp:127.0.0.1:0"));
        Assert.Equal(_control.MachineId, agent.Announcement.GetProperty("machineId").GetGuid());
        foreach (string disk in new[] { "data", "log" })
        {
            await using NbdClient client = await NbdClient.ConnectAsync(NbdUri.Parse(agent.ExportUri(disk)), Cancelled);
            Assert.Equal(DiskBytes, client.Length);
            await client.WriteAsync(4096, _content, Cancelled);
        }

        AgentReport report = await _control.ReportAsync(known => known.Disks.Count == 2, Cancelled);
        Assert.Equal(["data", "log"], report.Disks.Select(disk => disk.Name));
        Assert.Equal(agent.DiskId("data"), report.Disks[0].Id);

        Assert.Equal(0, await agent.StopAsync(Cancelled));

        foreach (string disk in new[] { "data", "log" })
        {
            Assert.Equal(_content, (await File.ReadAllBytesAsync(DiskPath(disk), Cancelled))[4096..8192]);
            using ActivityLog log = ActivityLog.Open(_folder.ActivityLogFile(agent.DiskId(disk)), agent.DiskId(disk), DiskBytes, bootId: Guid.NewGuid());
            Assert.Equal(ActivityLogState.Trusted, log.OpenedAs);
        }
    }

    [Fact]
    public async Task AfterKillTheDisksAreTheSame()
    {
        Guid id;
        await using (AgentProcess agent = await AgentProcess.RunAsync(_folder.Path, NewDisk("data")))
        {
            id = agent.DiskId("data");
            await using NbdClient client = await NbdClient.ConnectAsync(NbdUri.Parse(agent.ExportUri("data")), Cancelled);
            await client.WriteAsync(65536 * 3, _content, Cancelled);
            await agent.KillAsync();
        }

        await using AgentProcess again = await AgentProcess.RunAsync(_folder.Path, DiskArgument("data"));
        Assert.Equal(id, again.DiskId("data"));
        await using NbdClient reader = await NbdClient.ConnectAsync(NbdUri.Parse(again.ExportUri("data")), Cancelled);
        byte[] read = new byte[_content.Length];
        await reader.ReadAsync(65536 * 3, read, Cancelled);
        Assert.Equal(_content, read);
    }

    [Fact]
    public async Task ASecondAgentOnTheSameStateIsRefused()
    {
        await using AgentProcess agent = await AgentProcess.RunAsync(_folder.Path, NewDisk("data"));
        AsrError error = await AgentProcess.FailAsync("run", "--state", _folder.Path, "--disk", NewDisk("other"));
        Assert.Equal(AsrErrorCode.InUse, error.Code);
        Assert.Equal(_folder.Path, error.Target);
    }

    [Fact]
    public async Task ADiskThatCannotBeOpenedDoesNotKeepTheOthersFromService()
    {
        Guid shrunk;
        await using (AgentProcess first = await AgentProcess.RunAsync(_folder.Path, NewDisk("shrunk")))
        {
            shrunk = first.DiskId("shrunk");
            await first.StopAsync(Cancelled);
        }

        await using (FileStream disk = File.OpenWrite(DiskPath("shrunk")))
        {
            disk.SetLength(DiskBytes - 512);
        }

        await File.WriteAllBytesAsync(DiskPath("odd"), new byte[1000], Cancelled);
        using FileStream busy = new(Create("busy"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        await using AgentProcess agent = await AgentProcess.RunAsync(
            _folder.Path, NewDisk("data"), DiskArgument("missing"), DiskArgument("shrunk"), DiskArgument("odd"), DiskArgument("busy"));

        AgentReport report = await _control.ReportAsync(known => known.Disks.Count == 5, Cancelled);
        Assert.Null(report.Disks.Single(disk => disk.Name == "data").Error);
        Assert.Equal(AsrErrorCode.DiskUnreadable, CodeOf("missing"));
        Assert.Equal(AsrErrorCode.DiskSizeChanged, CodeOf("shrunk"));
        Assert.Equal(shrunk, report.Disks.Single(disk => disk.Name == "shrunk").Id);
        Assert.Equal(AsrErrorCode.DiskUnsupported, CodeOf("odd"));
        Assert.Equal(AsrErrorCode.DiskBusy, CodeOf("busy"));
        Assert.NotNull(report.Error);
        await using NbdClient client = await NbdClient.ConnectAsync(NbdUri.Parse(agent.ExportUri("data")), Cancelled);
        await client.WriteAsync(0, _content, Cancelled);

        AsrErrorCode? CodeOf(string name) => report.Disks.Single(disk => disk.Name == name).Error?.Code;
    }

    [Fact]
    public async Task WithoutAnApplianceTheWorkloadIsServed()
    {
        await _control.DisposeAsync();
        await using AgentProcess agent = await AgentProcess.RunAsync(_folder.Path, NewDisk("data"));
        await using NbdClient client = await NbdClient.ConnectAsync(NbdUri.Parse(agent.ExportUri("data")), Cancelled);
        await client.WriteAsync(0, _content, Cancelled);
        byte[] read = new byte[_content.Length];
        await client.ReadAsync(0, read, Cancelled);
        Assert.Equal(_content, read);

        AgentStatus status = await StatusAsync(known => known.ConnectionError is not null);
        Assert.Equal(AsrErrorCode.ApplianceUnreachable, status.ConnectionError?.Code);
        Assert.Null(status.LastContact);
    }

    [Fact]
    public async Task AFencedMachineStaysFencedWhenItsAgentRestartsAlone()
    {
        _control.Assign(new AgentAssignment { Revision = 2, Mode = AgentMode.Fence });
        await using (AgentProcess agent = await AgentProcess.RunAsync(_folder.Path, NewDisk("data")))
        {
            await _control.ReportAsync(report => report.Mode == AgentMode.Fence && report.AssignmentRevision == 2, Cancelled);
            await agent.KillAsync();
        }

        await _control.DisposeAsync();
        await using AgentProcess again = await AgentProcess.RunAsync(_folder.Path, DiskArgument("data"));
        await using NbdClient client = await NbdClient.ConnectAsync(NbdUri.Parse(again.ExportUri("data")), Cancelled);

        Assert.True(client.IsReadOnly);
        await Assert.ThrowsAnyAsync<Exception>(async () => await client.WriteAsync(0, _content, Cancelled));
        byte[] read = new byte[DiskBytes];
        await client.ReadAsync(0, read, Cancelled);
        Assert.Equal(new byte[DiskBytes], read);
    }

    [Fact]
    public async Task AnAgingCertificateIsRenewedWhileRunning()
    {
        StateFolder folder = _control.Enroll(_temporary.At("aging"), -TimeSpan.FromDays(300), TimeSpan.FromDays(10));
        string before = AgentIdentity.Load(folder).CertificatePem;

        await using AgentProcess agent = await AgentProcess.RunAsync(folder.Path, NewDisk("data"));
        AgentStatus status = await StatusAsync(known => known.CertificateEnds > TimeProvider.System.GetUtcNow().AddDays(30), folder);

        AgentIdentity renewed = AgentIdentity.Load(folder);
        Assert.NotEqual(before, renewed.CertificatePem);
        using X509Certificate2 certificate = renewed.OpenCertificate();
        Assert.Equal(certificate.NotAfter.ToUniversalTime(), status.CertificateEnds?.UtcDateTime);
    }

    [Fact]
    public async Task StatusShowsWhatTheAgentDoes()
    {
        await using AgentProcess agent = await AgentProcess.RunAsync(_folder.Path, NewDisk("data"));
        AgentStatus status = await StatusAsync(known => known.LastContact is not null);
        Assert.Equal("web01", status.MachineName);

        await using ManagedProcess command = AgentProcess.Start("status", "--state", _folder.Path);
        string? first = await command.ReadLineAsync(Cancelled);
        await command.FinishAsync(Cancelled);

        Assert.Equal($"Machine      web01 ({_control.MachineId})", first);
        Assert.Equal(0, command.ExitCode);

        await agent.StopAsync(Cancelled);
        Assert.Equal(3, await AgentProcess.ExitCodeAsync("status", "--state", _folder.Path));
    }

    [Fact]
    public async Task StatusTellsByItsExitCodeThatSomethingIsWrong()
    {
        Assert.Equal(3, await AgentProcess.ExitCodeAsync("status", "--state", _folder.Path));
        await using AgentProcess agent = await AgentProcess.RunAsync(_folder.Path, NewDisk("data"), DiskArgument("missing"));
        await StatusAsync(known => known.Report.Disks.Any(disk => disk.Error is not null));
        Assert.Equal(1, await AgentProcess.ExitCodeAsync("status", "--state", _folder.Path, "--json"));
    }

    [Fact]
    public async Task TheServiceManagerIsToldWhenItServesThatItLivesAndThatItStops()
    {
        using NotifySocket manager = new(_temporary.At("notify"));
        await using AgentProcess agent = await AgentProcess.RunAsync(
            new Dictionary<string, string> { ["NOTIFY_SOCKET"] = manager.Address, ["WATCHDOG_USEC"] = "1500000" }, _folder.Path, NewDisk("data"));
        await manager.UntilAsync("READY=1", Cancelled);
        await manager.UntilAsync("WATCHDOG=1", Cancelled);
        await manager.UntilAsync("WATCHDOG=1\nSTATUS=Idle, 1 disk(s)", Cancelled);
        Assert.Equal(0, await agent.StopAsync(Cancelled));
        await manager.UntilAsync("STOPPING=1", Cancelled);
    }

    [Fact]
    public async Task SettingsNameTheStateAndTheDisks()
    {
        string settings = _temporary.At("agent.json");
        await File.WriteAllTextAsync(settings, $$"""{ "state": "{{_folder.Path}}", "machineDisks": false, "disks": ["{{NewDisk("data")}}"] }""", Cancelled);
        await using AgentProcess agent = await AgentProcess.RunWithSettingsAsync(settings);
        Assert.NotNull(agent.ExportUri("data"));
        await StatusAsync(known => known.LastContact is not null);
        Assert.Equal(0, await AgentProcess.ExitCodeAsync("status", "--settings", settings));
    }

    [Theory]
    [InlineData(AsrErrorCode.NotFound, 78, "run", "--settings", "/nowhere.json")]
    [InlineData(AsrErrorCode.InvalidArgument, 78, "run", "--state", "/nowhere", "--disk", "nonsense")]
    [InlineData(AsrErrorCode.NotFound, 78, "run", "--state", "/nowhere", "--disk", "a=/b@unix:/c")]
    [InlineData(AsrErrorCode.NotFound, 1, "status", "--state", "/nowhere")]
    [InlineData(AsrErrorCode.InvalidArgument, 1, "fly")]
    public async Task AFailedCommandPrintsOneError(AsrErrorCode code, int exitCode, params string[] arguments) =>
        Assert.Equal(code, (await AgentProcess.FailAsync(exitCode, arguments)).Code);

    public async ValueTask DisposeAsync()
    {
        await _control.DisposeAsync();
        _authority.Dispose();
        _temporary.Dispose();
    }

    private async Task<AgentStatus> StatusAsync(Predicate<AgentStatus> condition, StateFolder? folder = null)
    {
        while (true)
        {
            if (StateFile.Read<AgentStatus>((folder ?? _folder).StatusFile) is { } status && condition(status))
            {
                return status;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), Cancelled);
        }
    }

    private string DiskPath(string name) => _temporary.At(name + ".img");

    private string DiskArgument(string name, string? listen = null) => $"{name}={DiskPath(name)}@{listen ?? $"unix:{_temporary.At(name + ".sock")}"}";

    private string NewDisk(string name, string? listen = null)
    {
        Create(name);
        return DiskArgument(name, listen);
    }

    private string Create(string name)
    {
        using FileStream disk = File.Create(DiskPath(name));
        disk.SetLength(DiskBytes);
        return DiskPath(name);
    }
}
