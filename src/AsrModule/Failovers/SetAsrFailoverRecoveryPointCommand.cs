using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Completion;
using Asr.Module.Identities;

namespace Asr.Module.Failovers;

/// <summary>Brings a failed-over machine up again from another recovery point, before the failover is committed.</summary>
[Cmdlet(VerbsCommon.Set, "AsrFailoverRecoveryPoint", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(AsrJob))]
public sealed class SetAsrFailoverRecoveryPointCommand : FailoverCommand
{
    /// <summary>The point to change to.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(RecoveryPointCompleter))]
    public RecoveryPointIdentity RecoveryPoint { get; set; } = null!;

    /// <summary>Folder on the appliance's host for the disk files; one of its own when left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    private protected override string Action => "Change the recovery point, dropping what was written at the recovery site";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) => new()
    {
        Operation = MachineOperation.ChangeRecoveryPoint,
        RecoveryPointId = FindPoint(machine, RecoveryPoint)?.Id,
        Folder = FullPath(Path),
    };
}
