using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.Jobs;

/// <summary>Stops jobs that may be stopped half-way, and writes each; it takes back what it has made.</summary>
[Cmdlet(VerbsLifecycle.Stop, "AsrJob", SupportsShouldProcess = true)]
[OutputType(typeof(AsrJob))]
public sealed class StopAsrJobCommand : ConnectedCommand
{
    /// <summary>The jobs.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Id")]
    [ArgumentCompleter(typeof(RunningJobCompleter))]
    public JobIdentity[] Job { get; set; } = null!;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (JobIdentity identity in Job)
        {
            ForItem(identity, () => Stop(identity));
        }
    }

    private void Stop(JobIdentity identity)
    {
        AsrJob job = Run(stop => Active.GetJobAsync(identity.Id, null, stop));
        if (ShouldProcess($"{job.Operation} of {job.Subject()} ({job.State})", "Stop the job and take back what it has made"))
        {
            WriteObject(Run(stop => Active.CancelJobAsync(job.Id, stop)));
        }
    }
}
