using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Machines;
namespace Asr.Module.RecoveryPoints;

/// <summary>Makes a recovery point now, beside those the policy makes.</summary>
[Cmdlet(VerbsCommon.New, "AsrRecoveryPoint", SupportsShouldProcess = true)]
[OutputType(typeof(AsrJob))]
public sealed class NewAsrRecoveryPointCommand : MachineOperationCommand
{
    private protected override string Action => "Make a recovery point now";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        new() { Operation = MachineOperation.CreateRecoveryPoint };
}
