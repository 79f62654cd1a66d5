using System;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Completion;
using Asr.Module.Identities;

namespace Asr.Module.Failovers;

/// <summary>
/// Brings a machine up at the recovery site. Without -Planned it takes what the vault holds and does not need the source: what to do after a
/// disaster. With -Planned it stops the source first and loses nothing.
/// </summary>
[Cmdlet(VerbsLifecycle.Start, "AsrFailover", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, DefaultParameterSetName = UnplannedSet)]
[OutputType(typeof(AsrJob))]
public sealed class StartAsrFailoverCommand : FailoverCommand
{
    private const string UnplannedSet = "Unplanned";
    private const string PlannedSet = "Planned";
    private const string TimeSet = "Time";

    /// <summary>Stops the source's writes, takes its last change, then fails over: nothing is lost. Needs a living agent.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PlannedSet)]
    public SwitchParameter Planned { get; set; }

    /// <summary>The point to bring up; the latest when left out.</summary>
    [Parameter(ParameterSetName = UnplannedSet, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(RecoveryPointCompleter))]
    public RecoveryPointIdentity? RecoveryPoint { get; set; }

    /// <summary>The second to bring up, between points too.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TimeSet)]
    [ArgumentCompleter(typeof(PointInTimeCompleter))]
    public DateTimeOffset? PointInTime { get; set; }

    /// <summary>Folder on the appliance's host for the disk files; one of its own when left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    private protected override string Action => Planned ? "Planned failover, stopping the source" : "Unplanned failover";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) => Aim(
        new OperationRequest { Operation = Planned ? MachineOperation.PlannedFailover : MachineOperation.UnplannedFailover, Folder = FullPath(Path) },
        machine,
        Meant(RecoveryPoint),
        PointInTime);

    private protected override string Describe(AsrReplicatedMachine machine, OperationRequest request) =>
        Planned ? $"machine '{machine.Name}' ({machine.State}){(request.Folder is null ? "" : $", into '{request.Folder}'")}" : base.Describe(machine, request);
}
