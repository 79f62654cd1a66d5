using System.Management.Automation;
using Asr.Contracts;

namespace Asr.Module.Machines;

/// <summary>Ends a pause: what has changed meanwhile is sent.</summary>
[Cmdlet(VerbsLifecycle.Resume, "AsrReplication", SupportsShouldProcess = true)]
[OutputType(typeof(AsrJob))]
public sealed class ResumeAsrReplicationCommand : MachineOperationCommand
{
    private protected override string Action => "Resume replication";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        new() { Operation = MachineOperation.ResumeReplication };
}
