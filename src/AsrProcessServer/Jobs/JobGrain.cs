using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Machines;
using Orleans;
using Orleans.Runtime;

namespace Asr.ProcessServer.Jobs;

/// <inheritdoc cref="IJobGrain" />
public sealed class JobGrain(
    [PersistentState(JobDocument.Collection, CatalogGrainStorage.Name)] IPersistentState<JobDocument> state,
    JobPlanner planner,
    JobRunner runner,
    ChangeSignals signals,
    TimeProvider time) : Grain, IJobGrain
{
    /// <inheritdoc />
    public Task<JobDocument?> FindAsync() => Task.FromResult(state.RecordExists ? state.State : null);

    /// <inheritdoc />
    public async Task<AsrJob> StartAsync(JobTicket ticket, Guid machineId, string machineName)
    {
        if (!state.RecordExists)
        {
            IReadOnlyList<JobStep> plan = planner.Plan(ticket.Request);
            await SaveAsync(new JobDocument
            {
                Request = ticket.Request,
                StepKeys = plan.Select(step => step.Key).ToArray(),
                Job = new AsrJob
                {
                    Id = this.GetPrimaryKey(),
                    Operation = ticket.Request.Operation,
                    MachineId = machineId,
                    MachineName = machineName,
                    State = JobState.InProgress,
                    StartTime = ticket.AcceptedAt,
                    RequestedBy = ticket.RequestedBy,
                    Tasks = plan.Select(step => new AsrTask { Name = step.Title }).ToArray(),
                },
            });
        }
        if (!state.State.HasEnded)
        {
            runner.Start(this.GetPrimaryKey(), state.State.Job.MachineId, MachineLifecycle.IsBeside(state.State.Job.Operation));
        }
        return state.State.Job;
    }

    /// <inheritdoc />
    public Task StepStartedAsync(int step) => SaveTaskAsync(step, task => task with
    {
        State = JobState.InProgress,
        StartTime = task.StartTime ?? time.GetUtcNow(),
    });

    /// <inheritdoc />
    public Task StepProgressedAsync(int step, StepProgress progress)
    {
        state.State = Next(WithTask(step, task => With(task, progress)));
        signals.Raise(this.GetPrimaryKey());
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task StepEndedAsync(int step, JobState ended, StepProgress progress) => SaveTaskAsync(step, task => With(task, progress) with
    {
        State = ended,
        EndTime = time.GetUtcNow(),
        ProgressPercent = ended == JobState.Succeeded ? 100 : progress.Percent,
    });

    /// <inheritdoc />
    public async Task<AsrJob> CancelAsync(string requestedBy)
    {
        AsrJob job = state.State.Job;
        if (state.State.HasEnded)
        {
            return job;
        }
        if (!MachineLifecycle.IsBeside(job.Operation))
        {
            throw new AsrException(
                AsrErrorCode.OperationNotAllowed, $"{job.Operation} of {JobTexts.SubjectOf(job)} cannot be stopped half-way.", "Wait for its end; a failure takes back what it made.",
                job.Id.ToString());
        }
        // Kept first: a job that was told to stop must not go on after a crash.
        await FailingAsync(new AsrError { Code = AsrErrorCode.Cancelled, Message = $"It was stopped by {requestedBy}.", Target = job.Id.ToString() });
        runner.Supersede(job.Id);
        return state.State.Job;
    }

    /// <inheritdoc />
    public Task SaveOutputsAsync(JobOutputs outputs) => SaveAsync(state.State with { Outputs = outputs, Job = state.State.Job with { Files = outputs.Files, VaultCheck = outputs.VaultCheck, Verification = outputs.Verification } });

    /// <inheritdoc />
    public Task FailingAsync(AsrError error) => SaveAsync(state.State with { Job = state.State.Job with { Error = state.State.Job.Error ?? error } });

    /// <inheritdoc />
    public Task EndAsync(JobState ended) => state.State.HasEnded
        ? Task.CompletedTask
        : SaveAsync(state.State with
        {
            Job = state.State.Job with
            {
                State = ended,
                EndTime = time.GetUtcNow(),
                // A job may reach its end although it has just been told to stop; and files that were taken back are no result.
                Error = ended == JobState.Succeeded ? null : state.State.Job.Error,
                Files = ended == JobState.Succeeded ? state.State.Job.Files : [],
            },
        });

    private static AsrTask With(AsrTask task, StepProgress progress) => task with
    {
        ProgressPercent = progress.Percent ?? task.ProgressPercent,
        Detail = progress.Detail ?? task.Detail,
        BytesMoved = Math.Max(progress.BytesMoved, task.BytesMoved),
    };

    private static JobDocument Next(JobDocument document) => document with { Job = document.Job with { Revision = document.Job.Revision + 1 } };

    private JobDocument WithTask(int step, Func<AsrTask, AsrTask> change) => state.State with
    {
        Job = state.State.Job with { Tasks = state.State.Job.Tasks.Select((task, index) => index == step ? change(task) : task).ToArray() },
    };

    private Task SaveTaskAsync(int step, Func<AsrTask, AsrTask> change) => SaveAsync(WithTask(step, change));

    private async Task SaveAsync(JobDocument document)
    {
        await state.ReplaceAsync(Next(document));
        signals.Raise(this.GetPrimaryKey());
    }
}
