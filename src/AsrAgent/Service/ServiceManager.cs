using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Agent.Service;

/// <summary>systemd, as far as the agent needs it.</summary>
internal interface IServiceManager
{
    /// <summary>True when systemd runs this system.</summary>
    bool IsRunning { get; }

    /// <summary>Runs systemctl to its end: its exit code and what it said.</summary>
    Task<(int ExitCode, string Output)> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken);
}

/// <summary>The system's own systemd.</summary>
internal sealed class ServiceManager : IServiceManager
{
    /// <inheritdoc/>
    /// <remarks>The rule of sd_booted(3).</remarks>
    public bool IsRunning => Directory.Exists("/run/systemd/system");

    /// <inheritdoc/>
    public async Task<(int ExitCode, string Output)> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new("systemctl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return (process.ExitCode, (await output.ConfigureAwait(false) + await error.ConfigureAwait(false)).Trim());
        }
        catch (Win32Exception error)
        {
            throw new AsrException(AsrErrorCode.ToolMissing, $"systemctl cannot be started: {error.Message}", "Install the Debian package systemd.", "systemctl", error);
        }
    }
}
