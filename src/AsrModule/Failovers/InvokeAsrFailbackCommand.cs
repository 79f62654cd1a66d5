using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Machines;
namespace Asr.Module.Failovers;

/// <summary>Brings a machine back to its original disks. Only what differs travels; then it is protected in the original direction.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "AsrFailback", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(AsrJob))]
public sealed class InvokeAsrFailbackCommand : MachineOperationCommand
{
    private protected override string Action => "Fail back: stop at the recovery site and bring the original disks up to date";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        new() { Operation = MachineOperation.Failback };
}
