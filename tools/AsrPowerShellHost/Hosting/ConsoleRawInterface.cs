using System;
using System.Management.Automation.Host;

namespace Asr.PowerShellHost.Hosting;

/// <summary>The screen as the engine's formatting asks for it: a width, and colours on a terminal.</summary>
internal sealed class ConsoleRawInterface : PSHostRawUserInterface
{
    /// <summary>The width, in columns, of output that goes to no terminal.</summary>
    private const int PlainWidth = 120;

    private const int PlainHeight = 50;

    public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

    public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.Gray;

    public override Size BufferSize { get => WindowSize; set { } }

    public override Coordinates CursorPosition { get; set; }

    public override int CursorSize { get => 1; set { } }

    public override bool KeyAvailable => !Console.IsInputRedirected && Console.KeyAvailable;

    public override Size MaxPhysicalWindowSize => WindowSize;

    public override Size MaxWindowSize => WindowSize;

    public override Coordinates WindowPosition { get; set; }

    public override Size WindowSize
    {
        get
        {
            // A terminal without a known size (a bare pseudo-terminal) reports zero.
            bool known = !Console.IsOutputRedirected && Console.WindowWidth > 0;
            return known ? new Size(Console.WindowWidth, Console.WindowHeight) : new Size(PlainWidth, PlainHeight);
        }
        set { }
    }

    public override string WindowTitle { get; set; } = "asr-pshost";

    public override void FlushInputBuffer()
    {
    }

    public override BufferCell[,] GetBufferContents(Rectangle rectangle) =>
        throw new NotSupportedException("The screen cannot be read back.");

    public override KeyInfo ReadKey(ReadKeyOptions options)
    {
        ConsoleKeyInfo key = Console.ReadKey(intercept: (options & ReadKeyOptions.NoEcho) != 0);
        return new KeyInfo((int)key.Key, key.KeyChar, (ControlKeyStates)0, keyDown: true);
    }

    public override void ScrollBufferContents(
        Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) =>
        throw new NotSupportedException("The screen cannot be scrolled by a script.");

    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) =>
        throw new NotSupportedException("The screen cannot be written by position.");

    public override void SetBufferContents(Rectangle rectangle, BufferCell fill)
    {
        // Clear-Host fills the whole screen; on a terminal that is one sequence, elsewhere nothing.
        if (!Console.IsOutputRedirected)
        {
            Console.Write("\u001b[2J\u001b[H");
        }
    }
}
