using System;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Internal;

namespace Asr.PowerShellHost.Hosting;

/// <summary>
/// What a script shows and asks. Output goes to standard output, errors and notes of trouble to standard error;
/// colour is used on a terminal only. Calls come from the script's one thread.
/// </summary>
internal sealed partial class ConsoleHostInterface : PSHostUserInterface
{
    private readonly ProgressDisplay _progress = new(Console.Error, isTerminal: !Console.IsErrorRedirected);
    private readonly bool _isNonInteractive;

    public ConsoleHostInterface(bool isNonInteractive) => _isNonInteractive = isNonInteractive;

    public override PSHostRawUserInterface RawUI { get; } = new ConsoleRawInterface();

    public override bool SupportsVirtualTerminal => UsesColour;

    private static bool UsesColour { get; } =
        !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb")
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    public void EndProgress() => _progress.Clear();

    public override void Write(string value)
    {
        _progress.Clear();
        Console.Out.Write(Plain(value));
    }

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value)
    {
        _progress.Clear();
        if (!UsesColour)
        {
            Console.Out.Write(Plain(value));
            return;
        }

        if (foregroundColor != RawUI.ForegroundColor)
        {
            Console.ForegroundColor = foregroundColor;
        }

        if (backgroundColor != RawUI.BackgroundColor)
        {
            Console.BackgroundColor = backgroundColor;
        }

        Console.Out.Write(value);
        Console.ResetColor();
    }

    public override void WriteLine(string value) => Write(value + Environment.NewLine);

    public override void WriteErrorLine(string value) => WriteTrouble(value, "\u001b[31;1m");

    public override void WriteWarningLine(string message) => WriteTrouble($"WARNING: {message}", "\u001b[33;1m");

    public override void WriteVerboseLine(string message) => WriteTrouble($"VERBOSE: {message}", "\u001b[33;1m");

    public override void WriteDebugLine(string message) => WriteTrouble($"DEBUG: {message}", "\u001b[33;1m");

    public override void WriteProgress(long sourceId, ProgressRecord record) => _progress.Show(record);

    // The engine's formatting always decorates; only the host knows where the text goes.
    private static string Plain(string text) =>
        UsesColour ? text : new StringDecorated(text).ToString(OutputRendering.PlainText);

    private void WriteTrouble(string text, string colour)
    {
        _progress.Clear();
        Console.Out.Flush();
        bool coloured = UsesColour && !Console.IsErrorRedirected;
        Console.Error.WriteLine(coloured ? $"{colour}{text}\u001b[0m" : Plain(text));
    }
}
