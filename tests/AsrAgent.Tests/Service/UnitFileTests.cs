using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Asr.Agent.Service;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Service;

/// <summary>The unit file that package and program carry.</summary>
public sealed class UnitFileTests
{
    private static readonly string[] s_lines = ReadUnit().Split('\n');

    [Fact]
    public async Task SystemdFindsNothingToSay()
    {
        RealTools.Require("systemd-analyze");
        using TemporaryFolder folder = new();
        string unit = folder.At("asr-agent.service");

        // Only the program has to be there.
        await File.WriteAllTextAsync(unit, ReadUnit().Replace(ServiceLayout.PackagedProgram, "/bin/true"), TestContext.Current.CancellationToken);
        ToolResult result = await RealTools.RunAsync("systemd-analyze", "verify", "--man=no", unit);
        Assert.Equal((0, ""), (result.ExitCode, result.All));
    }

    [Fact]
    public async Task ItsExposureIsNoLargerThanItHasToBe()
    {
        RealTools.Require("systemd-analyze");
        using TemporaryFolder folder = new();
        string unit = folder.At("asr-agent.service");
        await File.WriteAllTextAsync(unit, ReadUnit(), TestContext.Current.CancellationToken);

        // 5.1 of 10, for the most part by what a mount namespace would hide.
        ToolResult result = await RealTools.RunAsync("systemd-analyze", "security", "--offline=true", "--threshold=52", unit);
        Assert.True(result.ExitCode == 0, result.All);
    }

    [Theory]
    [InlineData("ProtectSystem")]
    [InlineData("ProtectHome")]
    [InlineData("PrivateTmp")]
    [InlineData("PrivateDevices")]
    [InlineData("PrivateMounts")]
    [InlineData("ProtectKernelTunables")]
    [InlineData("ProtectKernelModules")]
    [InlineData("ProtectKernelLogs")]
    [InlineData("ProtectControlGroups")]
    [InlineData("ProtectProc")]
    [InlineData("ProcSubset")]
    [InlineData("ProtectClock")]
    [InlineData("ReadWritePaths")]
    [InlineData("ReadOnlyPaths")]
    [InlineData("InaccessiblePaths")]
    [InlineData("BindPaths")]
    [InlineData("TemporaryFileSystem")]
    [InlineData("RootDirectory")]
    public void NothingHidesTheMachinesMountsOrDisks(string directive) => Assert.DoesNotContain(s_lines, line => line.StartsWith(directive + "=", System.StringComparison.Ordinal));

    [Theory]
    [InlineData("Type=notify")]
    [InlineData("KillMode=process")]
    [InlineData("RuntimeDirectoryPreserve=yes")]
    [InlineData("RestartPreventExitStatus=78")]
    [InlineData($"ExecStart={ServiceLayout.PackagedProgram} run")]
    public void WhatTheAgentReliesOnIsThere(string line) => Assert.Single(s_lines, line);

    [Fact]
    public void EveryCapabilityHasAReason() => Assert.All(
        s_lines.Index().Where(line => line.Item.StartsWith("CapabilityBoundingSet=", System.StringComparison.Ordinal)),
        line => Assert.True(s_lines[line.Index - 1].StartsWith('#') || s_lines[line.Index - 1].StartsWith("CapabilityBoundingSet=CAP_SETUID", System.StringComparison.Ordinal), line.Item));

    private static string ReadUnit()
    {
        using Stream resource = typeof(ServiceLayout).Assembly.GetManifestResourceStream("asr-agent.service")!;
        using StreamReader reader = new(resource);
        return reader.ReadToEnd();
    }
}
