using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Machines;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Asr.ProcessServer.Jobs;

/// <summary>
/// Runs one job from wherever its document says it is to its end. What can be found at the start: steps still to do (go on); an error
/// (a failure was being taken back: take it back again); every step done (only the end is missing); another job at the machine
/// (this one was superseded, or had released the machine and not yet recorded its own end).
/// </summary>
internal sealed class JobDriver
{
    private const int StepAttemptsMax = 5;
    private const int UndoAttemptsMax = 8;

    private readonly IJobGrain _job;
    private readonly IMachineGrain _machine;
    private readonly JobPlanner _planner;
    private readonly IEventLog _events;
    private readonly TimeProvider _time;
    private readonly ILogger<JobDriver> _logger;
    private readonly Guid _jobId;
    private readonly CancellationToken _superseded;
    private readonly CancellationToken _stopping;

    public JobDriver(IServiceProvider services, Guid jobId, Guid machineId, CancellationToken superseded, CancellationToken stopping)
    {
        IGrainFactory grains = services.GetRequiredService<IGrainFactory>();
        _job = grains.GetGrain<IJobGrain>(jobId);
        _machine = grains.GetGrain<IMachineGrain>(machineId);
        _planner = services.GetRequiredService<JobPlanner>();
        _events = services.GetRequiredService<IEventLog>();
        _time = services.GetRequiredService<TimeProvider>();
        _logger = services.GetRequiredService<ILogger<JobDriver>>();
        _jobId = jobId;
        _superseded = superseded;
        _stopping = stopping;
    }

    public async Task RunAsync()
    {
        JobDocument? document = await _job.FindAsync();
        if (document is null || document.HasEnded)
        {
            return;
        }
        JobContext context = new(_job, _machine, document, _time);
        IReadOnlyList<JobStep> plan = _planner.Plan(document.Request);
        AsrError? error = document.Job.Error;
        if (error is null)
        {
            try
            {
                await RunStepsAsync(context, plan, document);
            }
            catch (Exception failure) when (!_stopping.IsCancellationRequested)
            {
                error = _superseded.IsCancellationRequested ? Superseded() : AsrError.From(failure);
                JobsLog.JobFailing(_logger, _jobId, document.Job.Operation, failure);
                await KeepAsync(() => _job.FailingAsync(error));
                error = (await _job.FindAsync())!.Job.Error!;
            }
        }
        await (error is null ? SucceedAsync(document.Job) : FailAsync(context, plan, error));
    }

    private async Task RunStepsAsync(JobContext context, IReadOnlyList<JobStep> plan, JobDocument document)
    {
        if (!plan.Select(step => step.Key).SequenceEqual(document.StepKeys))
        {
            throw new AsrException(
                AsrErrorCode.Internal, $"Job {_jobId} was planned by another version of the software and cannot go on.", "Start the operation again.");
        }
        if (document.Job.Tasks.All(task => task.State == JobState.Succeeded))
        {
            return;
        }
        if (!MachineLifecycle.IsBeside(document.Job.Operation) && (await _machine.LookAsync()).Document.Job?.JobId != _jobId)
        {
            throw Superseded().ToException();
        }
        for (int index = 0; index < plan.Count; index++)
        {
            if (document.Job.Tasks[index].State != JobState.Succeeded)
            {
                await RunStepAsync(context, index, plan[index]);
            }
        }
    }

    private async Task RunStepAsync(JobContext context, int index, JobStep step)
    {
        context.Begin(index);
        await KeepAsync(() => _job.StepStartedAsync(index));
        try
        {
            // Where there is no way back, half done is the worst that can be: what passes is waited for, however long it takes.
            await JobRetry.RunAsync(
                () => step.Run(context, _superseded), () => context.Outputs.IsIrreversible ? int.MaxValue : StepAttemptsMax, _time, _superseded);
        }
        catch (Exception error) when (!_stopping.IsCancellationRequested)
        {
            JobState ended = _superseded.IsCancellationRequested ? JobState.Cancelled : JobState.Failed;
            await KeepAsync(() => _job.StepEndedAsync(index, ended, context.Progress with { Detail = error.Message }));
            throw;
        }
        await KeepAsync(() => _job.StepEndedAsync(index, JobState.Succeeded, context.Progress));
    }

    private async Task SucceedAsync(AsrJob job)
    {
        // The job last: whoever sees it ended finds the machine in its new state and the event. A crash in between may announce it twice, never not at all.
        await EndAtMachineAsync(job, JobOutcome.Succeeded);
        await AnnounceAsync(job, EventSeverity.Normal, "JobSucceeded", $"{job.Operation} of {JobTexts.SubjectOf(job)} has ended well.", null);
        await KeepAsync(() => _job.EndAsync(JobState.Succeeded));
    }

    private async Task FailAsync(JobContext context, IReadOnlyList<JobStep> plan, AsrError error)
    {
        await UndoAsync(context, plan);
        AsrJob job = (await _job.FindAsync())!.Job;
        await EndAtMachineAsync(job, context.Outputs.IsIrreversible ? JobOutcome.Unfinished : JobOutcome.RolledBack);
        await AnnounceAsync(job, EventSeverity.Warning, "JobFailed", $"{job.Operation} of {JobTexts.SubjectOf(job)} failed: {error.Message}", error.Action);
        await KeepAsync(() => _job.EndAsync(error.Code == AsrErrorCode.Cancelled ? JobState.Cancelled : JobState.Failed));
    }

    // A job beside the machine's own has not changed the machine, and that of the vault has none.
    private Task EndAtMachineAsync(AsrJob job, JobOutcome outcome) =>
        MachineLifecycle.IsBeside(job.Operation) ? Task.CompletedTask : KeepAsync(() => _machine.EndJobAsync(_jobId, outcome));

    private async Task UndoAsync(JobContext context, IReadOnlyList<JobStep> plan)
    {
        AsrJob job = (await _job.FindAsync())!.Job;
        for (int index = plan.Count - 1; index >= 0; index--)
        {
            if (job.Tasks[index].State == JobState.NotStarted || plan[index].Undo is not { } undo || (context.Outputs.IsIrreversible && !plan[index].TidiesUnfinished))
            {
                continue;
            }
            try
            {
                await JobRetry.RunAsync(() => undo(context, _stopping), UndoAttemptsMax, _time, _stopping);
            }
            catch (Exception failure) when (!_stopping.IsCancellationRequested)
            {
                // The other steps must be taken back all the same; what stays behind is named for the person who has to remove it.
                JobsLog.UndoFailed(_logger, _jobId, plan[index].Key, failure);
                await AnnounceAsync(
                    job, EventSeverity.Critical, "UndoFailed", $"Step '{plan[index].Title}' of a failed {job.Operation} could not be taken back: {failure.Message}",
                    "Remove what the step has left behind by hand; the job's tasks name it.");
            }
        }
    }

    private async Task AnnounceAsync(AsrJob job, EventSeverity severity, string code, string message, string? action)
    {
        try
        {
            await _events.AddAsync(
                new AsrEvent
                {
                    Severity = severity,
                    Code = code,
                    Message = message,
                    Action = action,
                    MachineId = job.MachineId == Guid.Empty ? null : job.MachineId,
                    MachineName = job.MachineId == Guid.Empty ? null : job.MachineName,
                },
                _stopping);
        }
        catch (AsrException error)
        {
            // The job's own document says the same; an event that cannot be kept must not hold the job up.
            JobsLog.EventLost(_logger, _jobId, error);
        }
    }

    private AsrError Superseded() => new()
    {
        Code = AsrErrorCode.Cancelled,
        Message = "Another operation on the machine has taken the place of this one.",
        Target = _jobId.ToString(),
    };

    /// <summary>What has happened must be recorded before anything else is done, however long the vault is out of reach.</summary>
    private Task KeepAsync(Func<Task> record) => JobRetry.RunAsync(record, int.MaxValue, _time, _stopping);
}
