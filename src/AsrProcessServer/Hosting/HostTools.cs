using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using HostProcess = System.Diagnostics.Process;

namespace Asr.ProcessServer.Hosting;

/// <summary>The programs of the host that attach disks and convert images. Their standard input is empty and their messages are kept short and in English.</summary>
internal static class HostTools
{
    private const int MessageCharsMax = 500;

    private static readonly Dictionary<string, string> Packages = new(StringComparer.Ordinal)
    {
        ["nbdfuse"] = "libnbd-bin",
        ["losetup"] = "mount",
        ["mount"] = "mount",
        ["umount"] = "mount",
        ["blkid"] = "util-linux",
        ["partx"] = "util-linux",
        ["setsid"] = "util-linux",
        ["readlink"] = "coreutils",
        ["qemu-img"] = "qemu-utils",
    };

    /// <summary>Throws <see cref="AsrErrorCode.ToolMissing"/>, naming the Debian package, unless all of them are installed.</summary>
    public static void Demand(params string[] tools)
    {
        foreach (string tool in tools)
        {
            PathOf(tool);
        }
    }

    /// <summary>Starts a tool that the caller ends; its output and messages are to be read.</summary>
    public static HostProcess Start(string tool, params string[] arguments)
    {
        ProcessStartInfo start = new(PathOf(tool), arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        HostProcess process = HostProcess.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Runs a tool to its end; when the wait is cancelled it is killed first.</summary>
    public static async Task<ToolResult> RunAsync(CancellationToken cancellationToken, string tool, params string[] arguments)
    {
        using HostProcess process = Start(tool, arguments);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return new ToolResult(process.ExitCode, await output, Shorten(await error));
        }
        catch
        {
            await EndAsync(process);
            throw;
        }
    }

    /// <summary>Kills a process that has not ended, and waits for its end.</summary>
    public static async Task EndAsync(HostProcess process)
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>A tool's message as part of ours.</summary>
    public static string Shorten(string message)
    {
        string line = string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return line.Length <= MessageCharsMax ? line : line[..MessageCharsMax];
    }

    private static string PathOf(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Concat(["/usr/sbin", "/sbin"])
            .Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists)
        ?? throw new AsrException(
            AsrErrorCode.ToolMissing, $"'{tool}' is not installed on the appliance's host.", $"Install its Debian package: apt-get install {Packages[tool]}", tool);
}

/// <summary>What a tool did.</summary>
/// <param name="ExitCode">0 when it went well.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">What it complained of, in one line.</param>
internal sealed record ToolResult(int ExitCode, string Output, string Error);
