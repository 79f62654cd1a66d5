using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Machines;
namespace Asr.Module.RecoveryPoints;

/// <summary>Makes a recovery point now, beside those the policy makes.</summary>
[Cmdlet(VerbsCommon.New, "AsrRecoveryPoint", SupportsShouldProcess = true)]
[OutputType(typeof(AsrJob))]
public sealed class NewAsrRecoveryPointCommand : MachineOperationCommand
{
    /// <summary>Bring the machine's applications to rest for the point.</summary>
    [Parameter]
    public SwitchParameter AppConsistent { get; set; }

    private protected override string Action => AppConsistent ? "Make an app-consistent recovery point now" : "Make a recovery point now";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        new() { Operation = MachineOperation.CreateRecoveryPoint, AppConsistent = AppConsistent };
}
