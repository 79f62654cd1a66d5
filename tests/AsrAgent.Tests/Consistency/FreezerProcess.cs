using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Consistency;
using Asr.Agent.Tests.Doubles;
using Asr.Engine.Capture;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Consistency;

/// <summary>
/// A process that freezes as the agent does, and then holds still: for tests that kill or stop it there. It is this test program, told by its environment to be that instead.
/// </summary>
internal sealed class FreezerProcess : IAsyncDisposable
{
    private const string Role = "ASR_TEST_FREEZE";
    private readonly Process _process;

    private FreezerProcess(Process process, int watchdogId)
    {
        _process = process;
        WatchdogId = watchdogId;
    }

    /// <summary>The watchdog it started.</summary>
    public int WatchdogId { get; }

    /// <summary>Starts one, and returns when the file systems of a device are frozen.</summary>
    public static async Task<FreezerProcess> FreezeAsync(string device, string note, TimeSpan budget)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(FreezerProcess).Assembly.Location);
        }

        start.Environment[Role] = string.Create(CultureInfo.InvariantCulture, $"{budget.TotalMilliseconds} {device} {note}");
        Process process = Process.Start(start)!;
        string? line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        if (!int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int watchdog))
        {
            process.Kill();
            throw new InvalidOperationException($"Nothing was frozen: {line}");
        }

        return new FreezerProcess(process, watchdog);
    }

    public static ThawWatchdog Watchdog() => new("dotnet", [ManagedProcess.Built("AsrAgent", "asr-agent.dll")]);

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public Task StopAsync() => RealTools.CheckAsync("kill", "-STOP", _process.Id.ToString(CultureInfo.InvariantCulture));

    public Task KillWatchdogAsync() => RealTools.CheckAsync("kill", "-KILL", WatchdogId.ToString(CultureInfo.InvariantCulture));

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    [ModuleInitializer]
    internal static void BecomeFreezer()
    {
        if (Environment.GetEnvironmentVariable(Role)?.Split(' ', 3) is not { } role)
        {
            return;
        }

        // The watchdog is not to take itself for one too.
        Environment.SetEnvironmentVariable(Role, null);
        try
        {
            ThawWatchdog watchdog = Watchdog();
            using FileSystemQuiescence quiescence = new(role[2], watchdog, TimeProvider.System);
            using IQuietMoment moment = quiescence.Begin([role[1]], TimeSpan.FromMilliseconds(double.Parse(role[0], CultureInfo.InvariantCulture)));
            Console.WriteLine(watchdog.ProcessId);
            Thread.Sleep(Timeout.Infinite);
        }
        catch (Exception error)
        {
            Console.WriteLine(error.Message);
            Environment.Exit(1);
        }
    }
}
