using System;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Completion;
using Asr.Module.Identities;

namespace Asr.Module.Failovers;

/// <summary>Brings a failed-over machine up again from another recovery point, or as it was at any second, before the failover is committed.</summary>
[Cmdlet(VerbsCommon.Set, "AsrFailoverRecoveryPoint", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, DefaultParameterSetName = PointSet)]
[OutputType(typeof(AsrJob))]
public sealed class SetAsrFailoverRecoveryPointCommand : FailoverCommand
{
    private const string PointSet = "Point";
    private const string TimeSet = "Time";

    /// <summary>The point to change to.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ParameterSetName = PointSet)]
    [ArgumentCompleter(typeof(RecoveryPointCompleter))]
    public RecoveryPointIdentity? RecoveryPoint { get; set; }

    /// <summary>The second to change to.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TimeSet)]
    [ArgumentCompleter(typeof(PointInTimeCompleter))]
    public DateTimeOffset? PointInTime { get; set; }

    /// <summary>Folder on the appliance's host for the disk files; one of its own when left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    private protected override string Action => "Change the recovery point, dropping what was written at the recovery site";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        Aim(new OperationRequest { Operation = MachineOperation.ChangeRecoveryPoint, Folder = FullPath(Path) }, machine, RecoveryPoint, PointInTime);
}
