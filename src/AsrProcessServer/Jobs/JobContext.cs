using System;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Machines;

namespace Asr.ProcessServer.Jobs;

/// <summary>What a running step works with. Belongs to one driver; not thread-safe.</summary>
public sealed class JobContext(IJobGrain job, IMachineGrain machine, JobDocument document, TimeProvider time)
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(500);

    private volatile StepProgress _progress = new();
    private long _toldAt;

    /// <summary>Id of the job.</summary>
    public Guid JobId => document.Job.Id;

    /// <summary>Id of the machine.</summary>
    public Guid MachineId => document.Job.MachineId;

    /// <summary>Name of the machine.</summary>
    public string MachineName => document.Job.MachineName;

    /// <summary>When the job was accepted.</summary>
    public DateTimeOffset AcceptedAt => document.Job.StartTime;

    /// <summary>What was asked.</summary>
    public OperationRequest Request => document.Request;

    /// <summary>The machine.</summary>
    public IMachineGrain Machine => machine;

    /// <summary>What the steps have made so far.</summary>
    public JobOutputs Outputs { get; private set; } = document.Outputs;

    /// <summary>How far the present step is.</summary>
    public StepProgress Progress => _progress;

    /// <summary>The present step.</summary>
    public int Step { get; private set; }

    /// <summary>Keeps outputs, durable when it returns.</summary>
    public async Task SaveOutputsAsync(JobOutputs outputs)
    {
        await job.SaveOutputsAsync(outputs);
        Outputs = outputs;
    }

    /// <summary>Tells how far the step is: at most twice a second it reaches those who wait for the job.</summary>
    public async ValueTask ReportAsync(StepProgress progress)
    {
        _progress = progress;
        if (_toldAt != 0 && time.GetElapsedTime(_toldAt) < ProgressInterval)
        {
            return;
        }
        _toldAt = time.GetTimestamp();
        await job.StepProgressedAsync(Step, progress);
    }

    /// <summary>Turns to another step.</summary>
    internal void Begin(int step)
    {
        Step = step;
        _progress = new StepProgress();
        _toldAt = 0;
    }
}
