using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Jobs;

/// <summary>
/// Runs the jobs of this process, outside of grain turns: at most one at a time per machine, in the order they were started, and beside it those that
/// stand beside everything.
/// Knows only which jobs run; what they have done is in their documents. Safe for concurrent callers.
/// </summary>
public sealed class JobRunner(IServiceProvider services, ILogger<JobRunner> logger)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, RunningJob> _running = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Starts a job unless it runs already. Returns at once.</summary>
    public void Start(Guid jobId, Guid machineId, bool isBeside)
    {
        lock (_lock)
        {
            if (_stopping.IsCancellationRequested || _running.ContainsKey(jobId))
            {
                return;
            }
            Task[] before = isBeside ? [] : _running.Values.Where(job => job.MachineId == machineId && !job.IsBeside).Select(job => job.Work).ToArray();
            CancellationTokenSource superseded = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            // The work must not carry the grain call's context along: it outlives the call.
            using (ExecutionContext.SuppressFlow())
            {
                Task work = Task.Run(() => RunAsync(jobId, machineId, before, superseded));
                _running.Add(jobId, new RunningJob(machineId, isBeside, work, superseded));
            }
        }
    }

    /// <summary>Ends a running job because another one takes its place, or because it is told to stop; it takes its effects back, before the other begins.</summary>
    public void Supersede(Guid jobId)
    {
        lock (_lock)
        {
            if (_running.TryGetValue(jobId, out RunningJob? job))
            {
                job.Superseded.Cancel();
            }
        }
    }

    /// <summary>Stops where the jobs are; the next process goes on from their documents. Returns when nothing runs any more.</summary>
    public async Task StopAsync()
    {
        Task[] work;
        lock (_lock)
        {
            _stopping.Cancel();
            work = _running.Values.Select(job => job.Work).ToArray();
        }
        await Task.WhenAll(work);
    }

    private async Task RunAsync(Guid jobId, Guid machineId, Task[] before, CancellationTokenSource superseded)
    {
        try
        {
            await Task.WhenAll(before);
            await new JobDriver(services, jobId, machineId, superseded.Token, _stopping.Token).RunAsync();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
        catch (Exception error)
        {
            JobsLog.DriverFailed(logger, jobId, error);
        }
        finally
        {
            lock (_lock)
            {
                _running.Remove(jobId);
                superseded.Dispose();
            }
        }
    }

    private sealed record RunningJob(Guid MachineId, bool IsBeside, Task Work, CancellationTokenSource Superseded);
}
