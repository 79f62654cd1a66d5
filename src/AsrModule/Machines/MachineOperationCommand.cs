using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;
using Asr.Module.Jobs;

namespace Asr.Module.Machines;

/// <summary>
/// Base of the cmdlets that ask for an operation on machines. Each machine gives a job: written at once, or with -Wait after it has
/// ended. With -Wait the jobs of all machines are started first and then waited for together.
/// </summary>
public abstract class MachineOperationCommand : ConnectedCommand, IDisposable
{
    private readonly List<Guid> _started = new();

    /// <summary>The machines: names, ids, or objects that belong to a machine.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("MachineId")]
    [ArgumentCompleter(typeof(MachineCompleter))]
    [ValidateNotNullOrEmpty]
    public MachineIdentity[] Machine { get; set; } = null!;

    /// <summary>Waits for the jobs to end, showing their progress.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>What is asked, in words a person understands, for the question and -WhatIf.</summary>
    private protected abstract string Action { get; }

    /// <summary>The request for one machine.</summary>
    private protected abstract OperationRequest CreateRequest(AsrReplicatedMachine machine);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (MachineIdentity identity in Machine)
        {
            ForItem(identity, () => Start(identity));
        }
    }

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

    /// <summary>True when Ctrl-C during -Wait stops the jobs too.</summary>
    private protected virtual bool EndsJobsWithWait => false;

    /// <summary>What the question names; more than the machine where the point or place matters.</summary>
    private protected virtual string Describe(AsrReplicatedMachine machine, OperationRequest request) =>
        $"machine '{machine.Name}' ({machine.State})";

    private void Start(MachineIdentity identity)
    {
        AsrReplicatedMachine machine = Run(stop => Active.GetMachineAsync(identity, stop));
        OperationRequest request = CreateRequest(machine) with { RequestId = Guid.NewGuid() };
        if (!ShouldProcess(Describe(machine, request), Action))
        {
            return;
        }

        AsrJob job = Run(stop => StartAsync(machine.Id, request, stop));
        if (Wait)
        {
            _started.Add(job.Id);
        }

        WriteVerbose($"{job.Operation} of '{machine.Name}' is job {job.Id}.");
        if (!Wait)
        {
            WriteObject(job);
        }
    }

    private async Task<AsrJob> StartAsync(Guid machineId, OperationRequest request, CancellationToken stop)
    {
        try
        {
            return await Active.StartOperationAsync(machineId, request, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (Wait && EndsJobsWithWait && stop.IsCancellationRequested)
        {
            // The appliance may have taken the request.
            await new JobWaiter(Active, endsJobs: true).EndAsync(request.RequestId).ConfigureAwait(false);
            throw;
        }
    }
}
