using System;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;
using Asr.Module.Jobs;

namespace Asr.Module.Machines;

/// <summary>Base of the cmdlets that ask for an operation on machines. Each machine gives a job.</summary>
public abstract class MachineOperationCommand : JobCommand
{
    /// <summary>The machines: names, ids, or objects that belong to a machine.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("MachineId")]
    [ArgumentCompleter(typeof(MachineCompleter))]
    [ValidateNotNullOrEmpty]
    public MachineIdentity[] Machine { get; set; } = null!;

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

    /// <summary>What the question names; more than the machine where the point or place matters.</summary>
    private protected virtual string Describe(AsrReplicatedMachine machine, OperationRequest request) =>
        $"machine '{machine.Name}' ({machine.State})";

    private void Start(MachineIdentity identity)
    {
        AsrReplicatedMachine machine = Run(stop => Active.GetMachineAsync(identity, stop));
        OperationRequest request = CreateRequest(machine) with { RequestId = Guid.NewGuid() };
        if (ShouldProcess(Describe(machine, request), Action))
        {
            Start(request.RequestId, stop => Active.StartOperationAsync(machine.Id, request, stop));
        }
    }
}
