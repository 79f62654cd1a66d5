using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Connections;

namespace Asr.Module.Jobs;

/// <summary>
/// Base of the cmdlets that start jobs: each is written at once, or with -Wait after it has ended. With -Wait all jobs are started first and then waited for
/// together.
/// </summary>
public abstract class JobCommand : ConnectedCommand, IDisposable
{
    private readonly List<Guid> _started = new();

    /// <summary>Waits for the jobs to end, showing their progress.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>True when Ctrl-C during -Wait stops the jobs too.</summary>
    private protected virtual bool EndsJobsWithWait => false;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_started.Count > 0)
        {
            // From here on the waiter looks after them.
            Guid[] jobs = _started.ToArray();
            _started.Clear();
            ForAll(null, () => Run((output, stop) => new JobWaiter(Active, EndsJobsWithWait).WaitAsync(jobs, null, output, stop)));
        }
    }

    /// <summary>Called by PowerShell at the end, however that came: Ctrl-C may have come after a job was started and before it was waited for.</summary>
    public void Dispose()
    {
        if (EndsJobsWithWait && _started.Count > 0)
        {
            Task.WaitAll(_started.Select(id => Task.Run(() => new JobWaiter(Active, endsJobs: true).EndAsync(id))).ToArray());
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Starts a job; it is written now or waited for at the end.</summary>
    /// <param name="requestId">Id of the request, and of the job.</param>
    /// <param name="start">Asks for it.</param>
    private protected void Start(Guid requestId, Func<CancellationToken, Task<AsrJob>> start)
    {
        AsrJob job = Run(stop => StartAsync(requestId, start, stop));
        if (Wait)
        {
            _started.Add(job.Id);
        }

        WriteVerbose($"{job.Operation} of {job.Subject()} is job {job.Id}.");
        if (!Wait)
        {
            WriteObject(job);
        }
    }

    private async Task<AsrJob> StartAsync(Guid requestId, Func<CancellationToken, Task<AsrJob>> start, CancellationToken stop)
    {
        try
        {
            return await start(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (Wait && EndsJobsWithWait && stop.IsCancellationRequested)
        {
            // The appliance may have taken the request.
            await new JobWaiter(Active, endsJobs: true).EndAsync(requestId).ConfigureAwait(false);
            throw;
        }
    }
}
