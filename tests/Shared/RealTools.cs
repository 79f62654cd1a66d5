using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Asr.Tests.Shared;

/// <summary>What a tool did.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error)
{
    /// <summary>Output and error, for messages.</summary>
    public string All => Output + Error;
}

/// <summary>Runs the real programs that tests compare with. A missing one skips the test and names its Debian package.</summary>
internal static class RealTools
{
    private static readonly Dictionary<string, string> s_packages = new()
    {
        ["nbdinfo"] = "libnbd-bin",
        ["nbdcopy"] = "libnbd-bin",
        ["nbdfuse"] = "libnbd-bin",
        ["qemu-io"] = "qemu-utils",
        ["qemu-img"] = "qemu-utils",
        ["losetup"] = "mount",
        ["mount"] = "mount",
        ["umount"] = "mount",
        ["mkfs.ext4"] = "e2fsprogs",
        ["fsck.ext4"] = "e2fsprogs",
        ["mkfs.xfs"] = "xfsprogs",
        ["fsfreeze"] = "util-linux",
        ["addpart"] = "util-linux",
        ["fusermount3"] = "fuse3",
        ["sync"] = "coreutils",
        ["systemd-analyze"] = "systemd",
        ["node"] = "nodejs",
        ["dpkg-deb"] = "dpkg",
    };

    /// <summary>Skips the test unless all tools are there.</summary>
    public static void Require(params string[] tools)
    {
        foreach (string tool in tools)
        {
            Assert.SkipWhen(Find(tool) is null, $"needs {tool}: install the Debian package {s_packages.GetValueOrDefault(tool, tool)}");
        }
    }

    /// <summary>Skips the test unless it runs as root.</summary>
    public static void RequireRoot() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");

    /// <summary>Full path of a tool, also from the folders that only root has in its path; null when absent.</summary>
    public static string? Find(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"])
            .Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);

    /// <summary>Starts a tool that runs beside the test; the caller ends it.</summary>
    public static Process Start(string tool, params string[] arguments)
    {
        Require(tool);
        ProcessStartInfo start = new(Find(tool)!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        return Process.Start(start)!;
    }

    /// <summary>Runs a tool to its end, at most a minute; a tool that takes longer is killed and fails the test.</summary>
    public static Task<ToolResult> RunAsync(string tool, params string[] arguments) => RunWithInputAsync("", tool, arguments);

    /// <summary>The same with text on its standard input.</summary>
    public static async Task<ToolResult> RunWithInputAsync(string input, string tool, params string[] arguments)
    {
        using Process process = Start(tool, arguments);
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(TimeSpan.FromMinutes(1));
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(timeout.Token);
            await process.StandardInput.WriteAsync(input.AsMemory(), timeout.Token);
            process.StandardInput.Close();
            ToolResult result = new(0, await output, await error);
            await process.WaitForExitAsync(timeout.Token);
            return result with { ExitCode = process.ExitCode };
        }
        catch (OperationCanceledException error) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{tool} {string.Join(' ', arguments)} did not end within a minute.", error);
        }
    }

    /// <summary>Runs a tool that must succeed and returns what it printed.</summary>
    public static async Task<string> CheckAsync(string tool, params string[] arguments)
    {
        ToolResult result = await RunAsync(tool, arguments);
        Assert.True(result.ExitCode == 0, $"{tool} {string.Join(' ', arguments)} ended with {result.ExitCode}: {result.All}");
        return result.Output;
    }
}
