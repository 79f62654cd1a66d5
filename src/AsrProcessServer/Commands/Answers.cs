using System;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.ProcessServer.Commands;

/// <summary>The contract of all commands with whoever runs them: one line of JSON, on stdout when it worked, on stderr when not.</summary>
internal static class Answers
{
    private const int Success = 0;
    private const int Failure = 1;

    /// <summary>Writes an answer as one line.</summary>
    public static void Write(object answer) => WriteLine(Console.Out, answer);

    /// <summary>Runs a command and turns its exception into an <see cref="AsrError"/> and exit code 1.</summary>
    public static async Task<int> RunAsync(Func<Task> command)
    {
        try
        {
            await command();
            return Success;
        }
        catch (OperationCanceledException)
        {
            WriteLine(Console.Error, new AsrError { Code = AsrErrorCode.Cancelled, Message = "The command was stopped." });
            return Failure;
        }
        catch (Exception error)
        {
            WriteLine(Console.Error, AsrError.From(error));
            return Failure;
        }
    }

    private static void WriteLine(TextWriter writer, object answer)
    {
        writer.WriteLine(JsonSerializer.Serialize(answer, answer.GetType(), AsrJson.Options));
        writer.Flush();
    }
}
