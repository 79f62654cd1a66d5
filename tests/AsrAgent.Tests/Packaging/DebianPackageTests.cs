using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Asr.Agent.Settings;
using Asr.Agent.State;
using Asr.Agent.Tests.Doubles;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Packaging;

/// <summary>
/// The Debian package, installed, upgraded and removed by dpkg in a folder of its own. What runs there is the program of ./build.sh Package when that has been run; making one takes minutes, so otherwise the tests skip.
/// </summary>
public sealed class DebianPackageTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    [Fact]
    public void ThePackagesSettingsAreTheDefaults() =>
        Assert.Equal(Encoding.UTF8.GetString(AgentSettingsWriter.Write(new AgentSettings())), File.ReadAllText(Path.Combine(BuiltPackage.Repository, "packaging/agent.json")));

    [Fact]
    public async Task ItIsInstalledUpgradedRemovedAndPurged()
    {
        string package = BuiltPackage.Require();
        string root = PrepareRoot();

        string installed = await DpkgAsync(root, "--install", package);
        Assert.Contains("left to do: in the system itself: systemctl enable --now asr-agent", installed, StringComparison.Ordinal);
        Assert.Equal("rwx------", Mode(Path.Combine(root, "var/lib/asr-agent")));
        Assert.Equal("rw-r-----", Mode(Path.Combine(root, "etc/asr-agent/agent.json")));
        Assert.True(File.Exists(Path.Combine(root, "usr/lib/systemd/system/asr-agent.service")));
        Assert.False(File.Exists(Path.Combine(root, "etc/systemd/system/asr-agent.service")), "the package's unit is the only one");

        string pin = Path.Combine(root, "sys/fs/bpf/asr-agent/disk");
        Directory.CreateDirectory(pin);
        string identity = Path.Combine(root, "var/lib/asr-agent/identity.json");
        await File.WriteAllTextAsync(identity, "{}", TestContext.Current.CancellationToken);
        string settings = Path.Combine(root, "etc/asr-agent/agent.json");
        await File.AppendAllTextAsync(settings, "// A note of the administrator.\n", TestContext.Current.CancellationToken);

        // The same version again is an upgrade to dpkg.
        await DpkgAsync(root, "--install", package);
        Assert.True(Directory.Exists(pin), "an upgrade ends no tracking");
        Assert.EndsWith("administrator.\n", await File.ReadAllTextAsync(settings, TestContext.Current.CancellationToken), StringComparison.Ordinal);

        await DpkgAsync(root, "--remove", "asr-agent");
        Assert.False(Directory.Exists(pin), "removal ends the tracking");
        Assert.True(File.Exists(identity));
        Assert.True(File.Exists(settings));

        await DpkgAsync(root, "--purge", "asr-agent");
        Assert.False(Directory.Exists(Path.Combine(root, "var/lib/asr-agent")));
        Assert.False(Directory.Exists(Path.Combine(root, "etc/asr-agent")));
    }

    [Fact]
    public async Task ThePackedProgramServesADisk()
    {
        string program = await BuiltPackage.UnpackProgramAsync(_temporary.At("root"));
        Assert.Matches(@"^\d+\.\d+\.\d+", (await RunAsync(program, "--version")).Output);
        ToolResult absent = await RunAsync(program, "status", "--state", "/nowhere");
        Assert.Equal((1, true), (absent.ExitCode, absent.Error.Contains("\"code\":\"NotFound\"", StringComparison.Ordinal)));

        using TestAuthority authority = new();
        await using TestControl control = await TestControl.StartAsync(authority);
        StateFolder folder = control.Enroll(_temporary.At("state"));
        await using (FileStream disk = File.Create(_temporary.At("data.img")))
        {
            disk.SetLength(1 << 20);
        }

        await using ManagedProcess agent = ManagedProcess.StartProgram(
            program, ["run", "--state", folder.Path, "--disk", $"data={_temporary.At("data.img")}@unix:{_temporary.At("data.sock")}"]);
        Assert.Contains("\"name\":\"data\"", await agent.ReadLineAsync(TestContext.Current.CancellationToken) ?? agent.Errors, StringComparison.Ordinal);
        await control.ReportAsync(report => report.Disks.Any(disk => disk.Name == "data"), TestContext.Current.CancellationToken);
        Assert.Equal(0, await agent.TerminateAsync(TestContext.Current.CancellationToken));
        Assert.Equal(3, (await RunAsync(program, "status", "--state", folder.Path)).ExitCode);
    }

    public void Dispose() => _temporary.Dispose();

    // What dpkg wants of a system, and no more; the scripts run outside of it, with DPKG_ROOT.
    private string PrepareRoot()
    {
        string root = _temporary.At("root");
        foreach (string folder in new[] { "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "etc" })
        {
            Directory.CreateDirectory(Path.Combine(root, folder));
        }

        File.WriteAllText(Path.Combine(root, "var/lib/dpkg/status"), "");
        File.WriteAllText(Path.Combine(root, "var/lib/dpkg/available"), "");
        return root;
    }

    private static Task<string> DpkgAsync(string root, params IEnumerable<string> arguments) =>
        RealTools.CheckAsync("dpkg", [$"--root={root}", "--force-script-chrootless", "--force-depends", "--force-confold", $"--log={root}/dpkg.log", .. arguments]);

    private static async Task<ToolResult> RunAsync(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new ToolResult(process.ExitCode, await output, error);
    }

    private static string Mode(string path)
    {
        UnixFileMode mode = OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);
        return string.Concat(Enumerable.Range(0, 9).Select(bit => ((int)mode & (256 >> bit)) != 0 ? "rwx"[bit % 3] : '-'));
    }
}
