using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Machines;
namespace Asr.Module.Failovers;

/// <summary>Cancels a failover that has not been committed: the copy is dropped and the machine goes on at its original site.</summary>
[Cmdlet(VerbsCommon.Undo, "AsrFailover", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(AsrJob))]
public sealed class UndoAsrFailoverCommand : MachineOperationCommand
{
    private protected override string Action => "Cancel the failover, dropping what was written at the recovery site";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        new() { Operation = MachineOperation.CancelFailover };
}
