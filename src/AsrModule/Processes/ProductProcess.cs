using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Connections;

namespace Asr.Module.Processes;

/// <summary>
/// Starts a program of the product, gives it the secrets on standard input and reads its one line of JSON. A program that fails
/// instead tells its <see cref="AsrError"/> as the last line of standard error.
/// </summary>
internal static class ProductProcess
{
    private const int ErrorLinesMax = 50;

    /// <summary>
    /// Returns the answer as soon as it is there; the program may go on. If it does not come, the program is ended.
    /// </summary>
    public static async Task<T> StartAsync<T>(
        ProcessStartInfo start, VaultSecrets secrets, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using Process process = Launch(start);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        Task<Queue<string>> errors = ReadErrorsAsync(process.StandardError);
        try
        {
            await SendAsync(process, secrets).ConfigureAwait(false);
            Task<string?> answer = ReadLineAsync(process.StandardOutput);
            await OrCancelled(answer, limit.Token).ConfigureAwait(false);
            if (await answer.ConfigureAwait(false) is not { } line)
            {
                throw ReadError(await OrCancelled(errors, limit.Token).ConfigureAwait(false), start.FileName);
            }

            return JsonSerializer.Deserialize<T>(line, AsrJson.Options)
                ?? throw new JsonException("The program answered with nothing.");
        }
        catch (Exception error)
        {
            End(process);
            throw Explain(error, start.FileName, timeout, cancellationToken);
        }
        finally
        {
            // The program keeps running without us: what it writes to closed streams is dropped.
            process.StandardOutput.Dispose();
        }
    }

    private static Process Launch(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new Win32Exception($"'{start.FileName}' did not start.");
        }
        catch (Win32Exception error)
        {
            throw new AsrException(AsrErrorCode.ApplianceStartFailed, error.Message, "Check that the file may be executed.", start.FileName, error);
        }
    }

    private static async Task SendAsync(Process process, VaultSecrets secrets)
    {
        try
        {
            foreach (string line in secrets.RevealLines())
            {
                await process.StandardInput.WriteLineAsync(line).ConfigureAwait(false);
            }

            process.StandardInput.Dispose();
        }
        catch (IOException)
        {
            // It has ended already; standard error says why.
        }
    }

    private static async Task<string?> ReadLineAsync(StreamReader reader) => await reader.ReadLineAsync().ConfigureAwait(false);

    private static async Task<Queue<string>> ReadErrorsAsync(StreamReader reader)
    {
        // Goes on while the program runs, so that a full pipe never stops it; it ends with the program or with this session.
        Queue<string> lines = new();
        while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            lines.Enqueue(line);
            if (lines.Count > ErrorLinesMax)
            {
                lines.Dequeue();
            }
        }

        return lines;
    }

    private static async Task<T> OrCancelled<T>(Task<T> task, CancellationToken cancellationToken)
    {
        await Task.WhenAny(task, Task.Delay(Timeout.Infinite, cancellationToken)).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return await task.ConfigureAwait(false);
    }

    private static AsrException ReadError(Queue<string> lines, string program)
    {
        string last = "";
        foreach (string line in lines)
        {
            last = line;
        }

        try
        {
            if (JsonSerializer.Deserialize<AsrError>(last, AsrJson.Options) is { Message.Length: > 0 } error)
            {
                return error.ToException();
            }
        }
        catch (JsonException)
        {
            // Not an error of ours: the program died before it could say one.
        }

        return new AsrException(
            AsrErrorCode.ApplianceStartFailed,
            $"'{program}' ended without an answer: {string.Join(" ", lines)}",
            "See its log in the working folder.",
            program);
    }

    private static Exception Explain(Exception error, string program, TimeSpan timeout, CancellationToken cancellationToken) => error switch
    {
        OperationCanceledException when !cancellationToken.IsCancellationRequested => new AsrException(
            AsrErrorCode.ApplianceStartFailed,
            $"'{program}' was not ready after {timeout.TotalSeconds:0} s.",
            "See its log in the working folder.",
            program,
            error),
        JsonException => new AsrException(
            AsrErrorCode.ApplianceStartFailed,
            $"'{program}' answered with something this module does not understand.",
            "Use a module and programs of the same version.",
            program,
            error),
        _ => error,
    };

    private static void End(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }
}
