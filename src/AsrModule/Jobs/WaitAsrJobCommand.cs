using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Identities;

namespace Asr.Module.Jobs;

/// <summary>Waits for jobs to end, showing their progress, and writes each as it ends; a failed one is an error too.</summary>
[Cmdlet(VerbsLifecycle.Wait, "AsrJob")]
[OutputType(typeof(AsrJob))]
public sealed class WaitAsrJobCommand : ConnectedCommand
{
    private readonly List<Guid> _jobs = new();

    /// <summary>The jobs.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Id")]
    public JobIdentity[] Job { get; set; } = null!;

    /// <summary>How long to wait for all of them; without it, as long as it takes.</summary>
    [Parameter]
    public TimeSpan? Timeout { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _jobs.AddRange(Job.Select(job => job.Id));

    /// <inheritdoc/>
    protected override void EndProcessing() =>
        ForAll(null, () => Run((output, stop) => new JobWaiter(Active).WaitAsync(_jobs, Timeout, output, stop)));
}
