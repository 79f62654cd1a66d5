using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Bench.Processes;

/// <summary>A program that serves until it is disposed: SIGTERM, and kill when it does not end. Its errors are kept.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopMax = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private ServerProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        process.BeginErrorReadLine();
    }

    /// <summary>Processor time used so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The most memory that it has had so far, in bytes, files that it maps among it.</summary>
    public long MemoryBytesMax
    {
        get
        {
            _process.Refresh();
            return _process.PeakWorkingSet64;
        }
    }

    /// <summary>Starts a program; <paramref name="input"/> is the first line of its standard input.</summary>
    public static ServerProcess Start(string program, IEnumerable<string> arguments, string? input = null)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        if (input is not null)
        {
            process.StandardInput.WriteLine(input);
        }

        process.StandardInput.Close();
        return new ServerProcess(process);
    }

    /// <summary>The next line of its output; throws with its errors when it has ended instead.</summary>
    public async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        if (await _process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            return line;
        }

        await _process.WaitForExitAsync(cancellationToken);
        lock (_errors)
        {
            throw new InvalidOperationException($"{_process.StartInfo.FileName} ended with {_process.ExitCode}: {_errors}");
        }
    }

    /// <summary>Waits until a server has made its socket.</summary>
    public async Task WaitForSocketAsync(string path, CancellationToken cancellationToken)
    {
        while (!File.Exists(path))
        {
            if (_process.HasExited)
            {
                await ReadLineAsync(cancellationToken);
            }

            await Task.Delay(20, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync(CancellationToken.None);
            using CancellationTokenSource limit = new(StopMax);
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_process.HasExited)
            {
                _process.Kill();
            }
        }

        _process.Dispose();
    }
}
