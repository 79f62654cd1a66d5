using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Machines;
namespace Asr.Module.Failovers;

/// <summary>Replicates a failed-over machine from the recovery site into the vault, in readiness for the way back.</summary>
[Cmdlet(VerbsLifecycle.Start, "AsrReprotect", SupportsShouldProcess = true)]
[OutputType(typeof(AsrJob))]
public sealed class StartAsrReprotectCommand : MachineOperationCommand
{
    private protected override string Action => "Replicate back from the recovery site into the vault";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        new() { Operation = MachineOperation.Reprotect };
}
