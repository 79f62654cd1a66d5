using System;
using Asr.Contracts;

namespace Asr.Module.Jobs;

/// <summary>What the states of a job mean to someone who waits.</summary>
internal static class JobStates
{
    public static bool HasEnded(this AsrJob job) => job.State is not (JobState.NotStarted or JobState.InProgress);

    /// <summary>What the job is about, in words: its machine, or the vault.</summary>
    public static string Subject(this AsrJob job) => job.MachineId == Guid.Empty ? "the vault" : $"'{job.MachineName}'";

    /// <summary>Why the job did not succeed, as an error; null when it did.</summary>
    public static AsrException? ToFailure(this AsrJob job)
    {
        string what = $"{job.Operation} of {job.Subject()}";
        return job.State switch
        {
            JobState.Failed when job.Error is { } error => new AsrException(
                error.Code, $"{what} failed: {error.Message}", error.Action ?? Advice(job), error.Target ?? job.MachineName),
            JobState.Failed => new AsrException(AsrErrorCode.JobFailed, $"{what} failed.", Advice(job), job.MachineName),
            JobState.Cancelled => new AsrException(AsrErrorCode.Cancelled, $"{what} was cancelled.", Advice(job), job.MachineName),
            _ => null,
        };
    }

    private static string Advice(AsrJob job) => $"See its tasks: Get-AsrJob {job.Id} | Format-List";
}
