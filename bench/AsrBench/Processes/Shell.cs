using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Bench.Processes;

/// <summary>Runs command lines of other programs.</summary>
internal static class Shell
{
    /// <summary>Runs a command line in bash to its end and gives its standard output; throws with its errors when any part of it fails.</summary>
    public static async Task<string> RunAsync(string commandLine, CancellationToken cancellationToken, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new("bash", ["-c", "set -o pipefail; " + commandLine]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start) ?? throw new InvalidOperationException("bash did not start.");
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"'{commandLine}' ended with {process.ExitCode}: {await errors}");
    }

    /// <summary>Wall time of a command line in seconds.</summary>
    public static async Task<double> TimeAsync(string commandLine, CancellationToken cancellationToken, params (string Name, string Value)[] environment)
    {
        long start = Stopwatch.GetTimestamp();
        await RunAsync(commandLine, cancellationToken, environment);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Bytes of all files below a path, as <c>du --apparent-size</c> counts them.</summary>
    public static async Task<double> SizeAsync(string path, CancellationToken cancellationToken) =>
        double.Parse((await RunAsync($"find {path} -type f -printf '%s\\n' | awk '{{s+=$1}} END {{print s+0}}'", cancellationToken)).Trim(), System.Globalization.CultureInfo.InvariantCulture);
}
