using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Jobs;

/// <summary>The waits of job steps: until the agent, or the replicator at the recovery site, has got where it was sent. Safe for concurrent callers.</summary>
public sealed class MachineWaits(ChangeSignals signals, IRecoveryPointLog points, RecoverySite site, TimeProvider time)
{
    /// <summary>A source that is asked for something and silent for so long is taken for lost.</summary>
    public static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(60);

    /// <summary>A source that answers, but reports trouble and gets no further for so long, is not going to get there.</summary>
    public static readonly TimeSpan TroubleMax = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    /// <summary>Waits until the machine is as it should be, telling how far it is.</summary>
    /// <param name="context">The running step.</param>
    /// <param name="isDone">What is waited for.</param>
    /// <param name="silenceMax">How long the agent may be silent, or in trouble, before the wait fails; null to wait for it for ever.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.AgentUnreachable"/>, or the trouble that the agent reports.</exception>
    public async Task<MachineView> UntilAsync(JobContext context, Func<MachineView, bool> isDone, TimeSpan? silenceMax, CancellationToken cancellationToken)
    {
        long heardAt = time.GetTimestamp();
        TroubleWatch trouble = new(time, TroubleMax);
        long sentBefore = SentBytes((await context.Machine.LookAsync()).Report);
        while (true)
        {
            MachineView view = await signals.WaitAsync(context.MachineId, context.Machine.LookAsync, isDone, Round, cancellationToken);

            // An agent that restarts counts from zero again.
            sentBefore = Math.Min(sentBefore, SentBytes(view.Report));
            await TellAsync(context, view.Report, SentBytes(view.Report) - sentBefore);
            if (isDone(view))
            {
                return view;
            }
            heardAt = await CheckSilenceAsync(context, heardAt, silenceMax);
            if (silenceMax is not null)
            {
                trouble.Check(view.Report, context.MachineName);
            }
        }
    }

    /// <summary>Waits for the agent to reach the mode of its present assignment.</summary>
    public Task<MachineView> UntilModeAsync(JobContext context, AgentMode mode, TimeSpan? silenceMax, CancellationToken cancellationToken) =>
        UntilAsync(context, view => view.HasReached(mode), silenceMax, cancellationToken);

    /// <summary>Waits until a point is published.</summary>
    /// <param name="context">The running step.</param>
    /// <param name="pointId">The point.</param>
    /// <param name="silenceMax">How long the agent may be silent; null when it is not the agent that makes the point. Trouble ends the wait in either case.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<AsrRecoveryPoint> UntilPublishedAsync(JobContext context, Guid pointId, TimeSpan? silenceMax, CancellationToken cancellationToken)
    {
        long heardAt = time.GetTimestamp();
        TroubleWatch trouble = new(time, TroubleMax);
        while (true)
        {
            Task next = signals.Next(context.MachineId);
            if (await points.FindAsync(context.MachineId, pointId, cancellationToken) is { } found)
            {
                return found;
            }
            heardAt = await CheckSilenceAsync(context, heardAt, silenceMax);
            AgentReport? report = site.FindReverseReport(context.MachineId) ?? (await context.Machine.LookAsync()).Report;
            trouble.Check(report, context.MachineName);
            await TellAsync(context, report, context.Progress.BytesMoved);
            await Task.WhenAny(next, Task.Delay(Round, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static ValueTask TellAsync(JobContext context, AgentReport? report, long bytesMoved) => context.ReportAsync(
        new StepProgress(report?.ProgressPercent, report?.Error?.Message ?? context.Progress.Detail, bytesMoved));

    private static long SentBytes(AgentReport? report) => report?.Disks.Sum(disk => disk.SentBytes) ?? 0;

    private async Task<long> CheckSilenceAsync(JobContext context, long heardAt, TimeSpan? silenceMax)
    {
        if ((await context.Machine.LookAsync()).AgentConnected)
        {
            return time.GetTimestamp();
        }
        return silenceMax is { } max && time.GetElapsedTime(heardAt) >= max
            ? throw new AsrException(
                AsrErrorCode.AgentUnreachable,
                $"The agent of '{context.MachineName}' has not answered for {max.TotalSeconds:0} seconds.",
                "Start the agent and repeat the operation; if its site is lost, use an unplanned failover.",
                context.MachineName)
            : heardAt;
    }
}
