using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Connections;

namespace Asr.Module.Jobs;

/// <summary>
/// Waits for jobs side by side, showing their progress, and writes each as it ends: one that failed as an error too. The jobs run in the
/// appliance; ending the wait does not end them, unless they are waited for as part of the command.
/// </summary>
internal sealed class JobWaiter
{
    private static readonly TimeSpan s_endingTimeout = TimeSpan.FromSeconds(30);

    private readonly AsrConnection _connection;
    private readonly bool _endsJobs;

    /// <param name="connection">Where the jobs are.</param>
    /// <param name="endsJobs">Stop the jobs, and wait until they have taken back what they made, when the wait is stopped.</param>
    public JobWaiter(AsrConnection connection, bool endsJobs = false)
    {
        _connection = connection;
        _endsJobs = endsJobs;
    }

    /// <summary>Returns once every job has been written. The time is for all of them together; null waits as long as it takes.</summary>
    public async Task<bool> WaitAsync(
        IReadOnlyList<Guid> jobs, TimeSpan? timeout, PipelineOutput output, CancellationToken stop)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        if (timeout is { } span)
        {
            limit.CancelAfter(span);
        }

        await Task.WhenAll(jobs.Distinct().Select((id, index) => WaitOneAsync(id, index, output, limit.Token, stop))).ConfigureAwait(false);
        return true;
    }

    /// <summary>Stops a job and waits for its end, for as long as someone who has pressed Ctrl-C waits. Failures are not told: no one listens any more.</summary>
    public async Task EndAsync(Guid id)
    {
        using CancellationTokenSource limit = new(s_endingTimeout);
        try
        {
            AsrJob job = await _connection.CancelJobAsync(id, limit.Token).ConfigureAwait(false);
            while (!job.HasEnded())
            {
                job = await _connection.GetJobAsync(id, job.Revision, limit.Token).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is AsrException or OperationCanceledException)
        {
        }
    }

    private async Task WaitOneAsync(Guid id, int index, PipelineOutput output, CancellationToken limit, CancellationToken stop)
    {
        JobProgress progress = new(index + 1);
        AsrJob? job = null;
        try
        {
            do
            {
                job = await _connection.GetJobAsync(id, job?.Revision, limit).ConfigureAwait(false);
                output.WriteProgress(progress.Describe(job));
            }
            while (!job.HasEnded());

            output.WriteObject(job);
            if (job.ToFailure() is { } failure)
            {
                output.WriteError(failure.ToErrorRecord(job));
            }
        }
        catch (OperationCanceledException) when (_endsJobs && stop.IsCancellationRequested)
        {
            await EndAsync(id).ConfigureAwait(false);
            throw;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            output.WriteError(new AsrException(
                AsrErrorCode.TimedOut,
                $"The job {id} has not ended in the time given; it goes on.",
                "Wait longer, or look at it with Get-AsrJob.",
                id.ToString()).ToErrorRecord(job ?? (object)id));
        }
        catch (AsrException error)
        {
            output.WriteError(error.ToErrorRecord(id));
        }
    }
}
