using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Xunit;

namespace Asr.Agent.Tests.Doubles;

/// <summary>A real asr-agent process. Ended by its id when disposed.</summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private readonly ManagedProcess _process;

    private AgentProcess(ManagedProcess process, JsonElement announcement)
    {
        _process = process;
        Announcement = announcement;
    }

    /// <summary>The line printed when serving.</summary>
    public JsonElement Announcement { get; }

    public static ManagedProcess Start(params IEnumerable<string> arguments) =>
        ManagedProcess.Start(ManagedProcess.Built("AsrAgent", "asr-agent.dll"), arguments);

    public static ManagedProcess StartWithInput(string input, params IEnumerable<string> arguments) =>
        ManagedProcess.Start(ManagedProcess.Built("AsrAgent", "asr-agent.dll"), arguments, input);

    /// <summary>Enrolls a machine into a state folder, by a command of the test's, such as one that enters a namespace first.</summary>
    public static async Task EnrollAsync(IReadOnlyList<string> command, string token, string appliance, string state, string name)
    {
        await using ManagedProcess enroll = ManagedProcess.StartProgram(
            command[0], [.. command.Skip(1), "enroll", "--appliance", appliance, "--state", state, "--name", name], token);
        string errors = await enroll.FinishAsync(TestContext.Current.CancellationToken);
        Assert.True(enroll.ExitCode == 0, errors);
    }

    /// <summary>Starts <c>run</c> and waits until it serves.</summary>
    public static Task<AgentProcess> RunAsync(string state, params IEnumerable<string> disks) => RunAsync([], state, disks);

    /// <summary>The same with more in its environment.</summary>
    public static Task<AgentProcess> RunAsync(Dictionary<string, string> environment, string state, params IEnumerable<string> disks) =>
        ServingAsync(ManagedProcess.Start(
            ManagedProcess.Built("AsrAgent", "asr-agent.dll"), ["run", "--state", state, .. disks.SelectMany(disk => new[] { "--disk", disk })], environment: environment));

    /// <summary>The command that starts the agent as its project builds it.</summary>
    public static IReadOnlyList<string> BuiltCommand => ["dotnet", ManagedProcess.Built("AsrAgent", "asr-agent.dll")];

    /// <summary>Starts <c>run</c> of an agent by a command of the test's.</summary>
    public static Task<AgentProcess> RunCommandAsync(IReadOnlyList<string> command, string state, string disk, params IEnumerable<string> more) =>
        ServingAsync(ManagedProcess.StartProgram(command[0], [.. command.Skip(1), "run", "--state", state, "--disk", disk, .. more]));

    /// <summary>Starts <c>run</c> with everything in a settings file.</summary>
    public static Task<AgentProcess> RunWithSettingsAsync(string settings) => ServingAsync(Start("run", "--settings", settings));

    private static async Task<AgentProcess> ServingAsync(ManagedProcess process)
    {
        string? line = await process.ReadLineAsync(TestContext.Current.CancellationToken);
        if (line is null)
        {
            throw new InvalidOperationException("asr-agent ended: " + await process.FinishAsync(TestContext.Current.CancellationToken));
        }

        return new AgentProcess(process, JsonDocument.Parse(line).RootElement);
    }

    /// <summary>Runs a command to its end and gives its exit code.</summary>
    public static async Task<int> ExitCodeAsync(params IEnumerable<string> arguments)
    {
        await using ManagedProcess process = Start(arguments);
        await process.FinishAsync(TestContext.Current.CancellationToken);
        return process.ExitCode;
    }

    /// <summary>Runs a command that is to fail and gives its error.</summary>
    public static Task<AsrError> FailAsync(params IEnumerable<string> arguments) => FailAsync(1, arguments);

    /// <summary>The same with another exit code than 1.</summary>
    public static async Task<AsrError> FailAsync(int exitCode, params IEnumerable<string> arguments)
    {
        await using ManagedProcess process = Start(arguments);
        string errors = await process.FinishAsync(TestContext.Current.CancellationToken);
        Assert.Equal(exitCode, process.ExitCode);
        string last = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        return JsonSerializer.Deserialize<AsrError>(last, AsrJson.Options)!;
    }

    public string ExportUri(string disk) => Announcement.GetProperty("disks").EnumerateArray()
        .Single(candidate => candidate.GetProperty("name").GetString() == disk).GetProperty("exportUri").GetString()!;

    public Guid DiskId(string disk) => Announcement.GetProperty("disks").EnumerateArray()
        .Single(candidate => candidate.GetProperty("name").GetString() == disk).GetProperty("id").GetGuid();

    /// <summary>The process.</summary>
    public int Id => _process.Id;

    /// <summary>Asks it to stop in order and waits until it has.</summary>
    public Task<int> StopAsync(CancellationToken cancellationToken) => _process.TerminateAsync(cancellationToken);

    /// <summary>Stops it in its tracks, or lets it go on.</summary>
    public void Suspend(bool isSuspended)
    {
        using Process kill = Process.Start("kill", [isSuspended ? "-STOP" : "-CONT", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>kill -9.</summary>
    public Task KillAsync() => _process.KillAsync();

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
