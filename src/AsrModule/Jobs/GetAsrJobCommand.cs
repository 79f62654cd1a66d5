using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;
using JobState = Asr.Contracts.JobState;

namespace Asr.Module.Jobs;

/// <summary>Shows jobs, newest first, or the jobs named.</summary>
[Cmdlet(VerbsCommon.Get, "AsrJob", DefaultParameterSetName = ListSet)]
[OutputType(typeof(AsrJob))]
public sealed class GetAsrJobCommand : ConnectedCommand
{
    private const string ListSet = "List";
    private const string IdSet = "Id";
    private const int NewestDefault = 100;

    /// <summary>The jobs to show.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = IdSet, ValueFromPipeline = true)]
    [Alias("Job")]
    public JobIdentity[] Id { get; set; } = null!;

    /// <summary>Only jobs of these machines; names may have wildcards.</summary>
    [Parameter(ParameterSetName = ListSet)]
    [ArgumentCompleter(typeof(MachineCompleter))]
    [SupportsWildcards]
    public MachineIdentity[]? Machine { get; set; }

    /// <summary>Only jobs in these states.</summary>
    [Parameter(ParameterSetName = ListSet)]
    public JobState[]? State { get; set; }

    /// <summary>How many of the vault's newest jobs to look through.</summary>
    [Parameter(ParameterSetName = ListSet)]
    [ValidateRange(1, int.MaxValue)]
    public int Newest { get; set; } = NewestDefault;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == IdSet)
        {
            foreach (JobIdentity id in Id)
            {
                ForItem(id, () => WriteObject(Run(stop => Active.GetJobAsync(id.Id, null, stop))));
            }

            return;
        }

        ForAll(Active.ApplianceUri, () =>
        {
            List<AsrJob> jobs = Run(stop => Active.ListJobsAsync(Newest, stop));
            WriteObject(jobs.Where(IsWanted), enumerateCollection: true);
        });
    }

    private bool IsWanted(AsrJob job) =>
        (Machine is null || Machine.Any(machine => machine.Matches(job.MachineId, job.MachineName)))
        && (State is null || State.Contains(job.State));
}
