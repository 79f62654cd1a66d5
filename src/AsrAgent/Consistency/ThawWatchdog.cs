using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using Asr.Agent.Commands;
using Asr.Contracts;

namespace Asr.Agent.Consistency;

/// <summary>
/// The agent's side of the watchdog (<see cref="ThawWatchdogProcess"/>): starts the process when it is first needed, keeps it, and starts it anew when it has ended. One caller at a
/// time. Disposing it ends the process.
/// </summary>
internal sealed class ThawWatchdog : IDisposable
{
    private const int AnswerMsMax = 2000;
    private const int StartMsMax = 20_000;

    private readonly string _program;
    private readonly IReadOnlyList<string> _arguments;
    private Process? _process;
    private WatchdogSocket? _socket;

    /// <summary>Describes how the process is started; the command and its argument are added.</summary>
    public ThawWatchdog(string program, IReadOnlyList<string> arguments)
    {
        _program = program;
        _arguments = arguments;
    }

    /// <summary>Id of the process; null while there is none.</summary>
    public int? ProcessId => _process?.Id;

    /// <summary>One that runs this very program.</summary>
    public static ThawWatchdog OfThisProgram()
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this program is not known.");
        bool isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        return new ThawWatchdog(program, isHost ? [Path.Combine(AppContext.BaseDirectory, "asr-agent.dll")] : []);
    }

    /// <summary>Makes sure that there is a watchdog.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.QuiesceFailed"/>.</exception>
    public void EnsureRunning()
    {
        if (_process is { HasExited: false } && _socket is not null)
        {
            return;
        }

        End();
        Start();
    }

    /// <summary>Has the file systems of these descriptors thawed once the budget is over, counted from now, or this process is gone.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.QuiesceFailed"/> when no watchdog can be had; then nothing is armed.</exception>
    public void Arm(ReadOnlySpan<int> descriptors, TimeSpan budget)
    {
        // One that has died unseen, or hangs, is replaced once.
        for (int attempt = 0; attempt < 2; attempt++)
        {
            EnsureRunning();
            WatchdogMessage arm = new(WatchdogMessageKind.Arm, (long)budget.TotalMicroseconds);
            if (_socket!.TrySend(arm, descriptors) && TryReceive(WatchdogMessageKind.Armed, AnswerMsMax, out _))
            {
                return;
            }

            End();
        }

        throw Unavailable("it does not answer", null);
    }

    /// <summary>Tells the watchdog that nothing is frozen any more; true when it had to thaw something.</summary>
    public bool Disarm()
    {
        if (_socket is { } socket && socket.TrySend(new WatchdogMessage(WatchdogMessageKind.Disarm)) && TryReceive(WatchdogMessageKind.Disarmed, AnswerMsMax, out long thawed))
        {
            return thawed > 0;
        }

        // It is gone; whether it had thawed before shows when the caller does.
        End();
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => End();

    private void Start()
    {
        if (WatchdogSocket.TryCreatePair() is not { } pair)
        {
            throw Unavailable("there are no descriptors left", null);
        }

        using WatchdogSocket far = pair.Far;
        _socket = pair.Near;
        try
        {
            ProcessStartInfo start = new(_program, [.. _arguments, ThawWatchdogCommand.Name, far.Descriptor.ToString(CultureInfo.InvariantCulture)]);

            // Small, and nothing that works in the background: no sockets of its debugger in a folder that may be frozen, no second compilation of what has been compiled.
            start.Environment["DOTNET_EnableDiagnostics"] = "0";
            start.Environment["DOTNET_TieredCompilation"] = "0";
            start.Environment["DOTNET_gcConcurrent"] = "0";
            start.Environment["DOTNET_GCHeapHardLimit"] = "0x1000000";
            far.Bequeath();
            _process = Process.Start(start);
        }
        catch (Exception error) when (error is Win32Exception or IOException)
        {
            End();
            throw Unavailable(error.Message, error);
        }

        // This process's copy must go before the wait: else the end of the other would not show.
        far.Dispose();
        if (!TryReceive(WatchdogMessageKind.Ready, StartMsMax, out long version) || version != ThawWatchdogProcess.Version)
        {
            End();
            throw Unavailable("it does not start", null);
        }
    }

    private bool TryReceive(WatchdogMessageKind kind, int timeoutMs, out long value)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            int leftMs = timeoutMs - (int)Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (leftMs <= 0)
            {
                value = 0;
                return false;
            }

            WatchdogReception reception = _socket!.Receive(leftMs, out WatchdogMessage message, [], out _);
            if (reception != WatchdogReception.TimedOut)
            {
                value = message.Value;
                return reception == WatchdogReception.Message && message.Kind == kind;
            }
        }
    }

    private void End()
    {
        _socket?.Dispose();
        _socket = null;
        if (_process is { } process)
        {
            // It ends by itself when its socket closes, once it has thawed what it guards; one that hangs must not stay.
            if (!process.WaitForExit(AnswerMsMax))
            {
                process.Kill();
                process.WaitForExit();
            }

            process.Dispose();
            _process = null;
        }
    }

    private AsrException Unavailable(string why, Exception? inner) => new(
        AsrErrorCode.QuiesceFailed,
        $"The watchdog that thaws file systems cannot be had: {why}. Nothing was frozen.",
        $"Check that '{_program}' can be started and that memory is left; the next recovery point tries again.",
        _program,
        inner);
}
