using System.Management.Automation;
using Asr.Contracts;

namespace Asr.Module.Machines;

/// <summary>Compares every block of a machine with the vault and sends what differs.</summary>
[Cmdlet(VerbsLifecycle.Start, "AsrResynchronization", SupportsShouldProcess = true)]
[OutputType(typeof(AsrJob))]
public sealed class StartAsrResynchronizationCommand : MachineOperationCommand
{
    private protected override string Action => "Compare every block with the source";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        new() { Operation = MachineOperation.Resynchronize };
}
