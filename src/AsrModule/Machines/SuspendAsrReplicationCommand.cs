using System.Management.Automation;
using Asr.Contracts;

namespace Asr.Module.Machines;

/// <summary>Pauses replication: changes are remembered at the source and sent after Resume-AsrReplication.</summary>
[Cmdlet(VerbsLifecycle.Suspend, "AsrReplication", SupportsShouldProcess = true)]
[OutputType(typeof(AsrJob))]
public sealed class SuspendAsrReplicationCommand : MachineOperationCommand
{
    private protected override string Action => "Pause replication";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        new() { Operation = MachineOperation.PauseReplication };
}
