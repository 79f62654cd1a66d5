using System.Management.Automation;
using Asr.Contracts;

namespace Asr.Module.Machines;

/// <summary>Ends replication of a machine and removes its recovery points from the vault, the immutable ones when their window has passed.</summary>
[Cmdlet(VerbsLifecycle.Disable, "AsrReplication", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(AsrJob))]
public sealed class DisableAsrReplicationCommand : MachineOperationCommand
{
    private protected override string Action => "Disable replication and remove all its recovery points that are not immutable";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        new() { Operation = MachineOperation.DisableReplication };
}
