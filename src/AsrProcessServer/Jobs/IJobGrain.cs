using System;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Machines;
using Orleans;

namespace Asr.ProcessServer.Jobs;

/// <summary>The one owner of a job's document; its key is the job's id. Steps do not run here but on the <see cref="JobRunner"/>, which tells what happened.</summary>
public interface IJobGrain : IGrainWithGuidKey
{
    /// <summary>The document, or null when there is no such job.</summary>
    Task<JobDocument?> FindAsync();

    /// <summary>Creates the job unless it exists, and makes sure that it runs unless it has ended.</summary>
    Task<AsrJob> StartAsync(JobTicket ticket, Guid machineId, string machineName);

    /// <summary>A step begins, for the first time or again.</summary>
    Task StepStartedAsync(int step);

    /// <summary>How far a step is; kept in memory only.</summary>
    Task StepProgressedAsync(int step, StepProgress progress);

    /// <summary>A step has ended.</summary>
    Task StepEndedAsync(int step, JobState state, StepProgress progress);

    /// <summary>Has the job stopped, and what it has made taken back; see <see cref="IJobService.CancelAsync"/>.</summary>
    Task<AsrJob> CancelAsync(string requestedBy);

    /// <summary>Keeps what the steps have made.</summary>
    Task SaveOutputsAsync(JobOutputs outputs);

    /// <summary>Records why the job fails, before its effects are taken back; the first reason counts.</summary>
    Task FailingAsync(AsrError error);

    /// <summary>The job has ended.</summary>
    Task EndAsync(JobState state);
}

/// <summary>How far a step is.</summary>
/// <param name="Percent">0 to 100, or null when it cannot be told.</param>
/// <param name="Detail">What it does or did, or null.</param>
/// <param name="BytesMoved">Payload bytes moved.</param>
public sealed record StepProgress(double? Percent = null, string? Detail = null, long BytesMoved = 0);
