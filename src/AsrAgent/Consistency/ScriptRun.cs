using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Agent.Consistency;

/// <summary>What became of a script.</summary>
/// <param name="ExitCode">Its exit code; null when it did not start or did not end in time.</param>
/// <param name="LastWords">The end of what it wrote.</param>
internal sealed record ScriptRun(int? ExitCode, string LastWords)
{
    private const int CharsMax = 2000;

    // For what a child that the script left behind holds open.
    private static readonly TimeSpan OutputGrace = TimeSpan.FromSeconds(1);

    /// <summary>Runs a script with one argument; once its time is over it is killed with its children.</summary>
    public static async Task<ScriptRun> RunAsync(string path, string argument, TimeSpan timeout)
    {
        ProcessStartInfo start = new(path, [argument])
        {
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Exception error) when (error is Win32Exception or IOException)
        {
            return new ScriptRun(null, error.Message);
        }

        using (process)
        {
            Tail tail = new();
            process.StandardInput.Close();
            Task reading = Task.WhenAll(tail.ReadAsync(process.StandardOutput), tail.ReadAsync(process.StandardError));
            using CancellationTokenSource over = new(timeout);
            int? exitCode = null;
            try
            {
                await process.WaitForExitAsync(over.Token).ConfigureAwait(false);
                exitCode = process.ExitCode;
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }

            await Task.WhenAny(reading, Task.Delay(OutputGrace)).ConfigureAwait(false);
            return new ScriptRun(exitCode, tail.Text);
        }
    }

    /// <summary>The last characters of two streams in the order in which they came.</summary>
    private sealed class Tail
    {
        private readonly Lock _gate = new();
        private readonly StringBuilder _text = new();

        public string Text
        {
            get
            {
                lock (_gate)
                {
                    return _text.ToString().Trim();
                }
            }
        }

        public async Task ReadAsync(StreamReader reader)
        {
            char[] buffer = new char[1024];
            try
            {
                for (int read; (read = await reader.ReadAsync(buffer).ConfigureAwait(false)) > 0;)
                {
                    lock (_gate)
                    {
                        _text.Append(buffer, 0, read);
                        _text.Remove(0, Math.Max(0, _text.Length - CharsMax));
                    }
                }
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // The script is gone and so is who read it.
            }
        }
    }
}
