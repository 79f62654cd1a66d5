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
            runner.Start(this.GetPrimaryKey(), state.State.Job.MachineId);
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
    public Task SaveOutputsAsync(JobOutputs outputs) => SaveAsync(state.State with { Outputs = outputs });

    /// <inheritdoc />
    public Task FailingAsync(AsrError error) => SaveAsync(state.State with { Job = state.State.Job with { Error = error } });

    /// <inheritdoc />
    public Task EndAsync(JobState ended) => state.State.HasEnded
        ? Task.CompletedTask
        : SaveAsync(state.State with { Job = state.State.Job with { State = ended, EndTime = time.GetUtcNow() } });

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
        JobDocument before = state.State;
        state.State = Next(document);
        try
        {
            await state.WriteStateAsync();
        }
        catch
        {
            // What is in memory must not run ahead of the vault: the caller repeats the call.
            state.State = before;
            throw;
        }
        signals.Raise(this.GetPrimaryKey());
    }
}
