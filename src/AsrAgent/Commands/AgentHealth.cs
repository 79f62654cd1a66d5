using System;
using System.Globalization;
using System.Linq;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Commands;

/// <summary>How an agent is, in a word and as an exit code.</summary>
/// <param name="ExitCode">0 healthy, 1 something is wrong, 3 not running: the codes of <c>systemctl status</c>, so that monitoring knows them.</param>
/// <param name="Summary">The same for people.</param>
internal sealed record AgentHealth(int ExitCode, string Summary)
{
    /// <summary>The exit code of an agent that does not run.</summary>
    public const int NotRunning = 3;

    private const int Healthy = 0;
    private const int Wrong = 1;

    // It writes its status every second.
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(30);

    /// <summary>Judges a status.</summary>
    public static AgentHealth Of(AgentStatus status, bool isRunning, DateTimeOffset now)
    {
        if (!isRunning)
        {
            return new AgentHealth(NotRunning, string.Create(CultureInfo.InvariantCulture, $"not running since {status.UpdatedAt:u}"));
        }

        string running = $"running, process {status.ProcessId}";
        if (now - status.UpdatedAt > SilenceMax)
        {
            return new AgentHealth(Wrong, string.Create(CultureInfo.InvariantCulture, $"{running}, which has not written its status since {status.UpdatedAt:u}"));
        }

        AsrError? error = status.Report.Error ?? status.Report.Disks.Select(disk => disk.Error).FirstOrDefault(known => known is not null) ?? status.ConnectionError;
        return error is null ? new AgentHealth(Healthy, running + ", healthy") : new AgentHealth(Wrong, $"{running}, {error.Code}");
    }
}
