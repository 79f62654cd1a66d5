using System;
using System.Diagnostics;
using System.Linq;
using System.Management.Automation;
using Asr.Contracts;
using JobState = Asr.Contracts.JobState;

namespace Asr.Module.Jobs;

/// <summary>One job as a progress bar: its current task, the share that is done, bytes and rate.</summary>
internal sealed class JobProgress
{
    private readonly int _activityId;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private long _bytesAtStart = -1;

    public JobProgress(int activityId) => _activityId = activityId;

    public ProgressRecord Describe(AsrJob job)
    {
        long bytes = job.Tasks.Sum(task => task.BytesMoved);
        if (_bytesAtStart < 0)
        {
            _bytesAtStart = bytes;
            _watch.Restart();
        }

        AsrTask? current = job.Tasks.FirstOrDefault(task => task.State == JobState.InProgress)
            ?? job.Tasks.FirstOrDefault(task => task.State == JobState.NotStarted);
        ProgressRecord record = new(_activityId, $"{job.Operation} of {job.Subject()}", Status(current, bytes))
        {
            PercentComplete = current?.ProgressPercent is { } percent ? (int)Math.Max(0, Math.Min(100, percent)) : -1,
        };
        if (job.HasEnded())
        {
            record.RecordType = ProgressRecordType.Completed;
        }

        return record;
    }

    private string Status(AsrTask? current, long bytes)
    {
        string name = current?.Name ?? "Ending";
        if (bytes == 0)
        {
            return name;
        }

        double seconds = _watch.Elapsed.TotalSeconds;
        string rate = seconds > 0 ? $", {Display.Bytes((long)((bytes - _bytesAtStart) / seconds))}/s" : "";
        return $"{name}: {Display.Bytes(bytes)}{rate}";
    }
}
