using System;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Completion;
using Asr.Module.Identities;

namespace Asr.Module.Failovers;

/// <summary>Brings a copy of a machine up beside it, as NBD exports that are usable at once and, when asked, as disk files. Replication goes on.</summary>
[Cmdlet(VerbsLifecycle.Start, "AsrTestFailover", SupportsShouldProcess = true, DefaultParameterSetName = PointSet)]
[OutputType(typeof(AsrJob))]
public sealed class StartAsrTestFailoverCommand : FailoverCommand
{
    private const string PointSet = "Point";
    private const string TimeSet = "Time";

    /// <summary>The point to bring up; the latest when left out.</summary>
    [Parameter(ValueFromPipeline = true, ParameterSetName = PointSet)]
    [ArgumentCompleter(typeof(RecoveryPointCompleter))]
    public RecoveryPointIdentity? RecoveryPoint { get; set; }

    /// <summary>The second to bring up, between points too.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TimeSet)]
    [ArgumentCompleter(typeof(PointInTimeCompleter))]
    public DateTimeOffset? PointInTime { get; set; }

    /// <summary>Folder on the appliance's host for the disk files; implies -Materialize.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Writes the disks out as raw files too, not only as exports.</summary>
    [Parameter]
    public SwitchParameter Materialize { get; set; }

    private protected override string Action => "Test failover";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) => Aim(
        new OperationRequest { Operation = MachineOperation.TestFailover, Folder = FullPath(Path), Materialize = Materialize || Path is not null },
        machine,
        Meant(RecoveryPoint),
        PointInTime);
}
