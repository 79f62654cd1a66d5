using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Agent.Hosting;

/// <summary>The machine's disks as the control loops see them. Safe for concurrent callers.</summary>
internal interface IServedMachine
{
    /// <summary>Starts moving to the desired state.</summary>
    Task ApplyAsync(AgentAssignment assignment, CancellationToken cancellationToken);

    /// <summary>Takes up disks that have come, drops those that have gone or changed their size, and tries once more those that could not be served. One caller at a time.</summary>
    Task FollowDisksAsync(CancellationToken cancellationToken);

    /// <summary>What is so now.</summary>
    AgentReport GetReport();

    /// <summary>A report has arrived.</summary>
    void NoteReported(AgentReport report);

    /// <summary>Ends when there is something to report that someone may be waiting for, after <paramref name="timeout"/> at the latest. One caller at a time.</summary>
    Task WaitForNewsAsync(TimeSpan timeout, CancellationToken cancellationToken);
}
