using System;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Completion;
using Asr.Module.Failovers;
using Asr.Module.Identities;

namespace Asr.Module.RecoveryPoints;

/// <summary>Writes the disks of a recovery point to files, beside whatever the machine does.</summary>
[Cmdlet(VerbsData.Export, "AsrRecoveryPoint", SupportsShouldProcess = true, DefaultParameterSetName = PointSet)]
[OutputType(typeof(AsrJob))]
public sealed class ExportAsrRecoveryPointCommand : FailoverCommand
{
    private const string PointSet = "Point";
    private const string TimeSet = "Time";

    /// <summary>The point to export; the latest when left out.</summary>
    [Parameter(ValueFromPipeline = true, ParameterSetName = PointSet)]
    [ArgumentCompleter(typeof(RecoveryPointCompleter))]
    public RecoveryPointIdentity? RecoveryPoint { get; set; }

    /// <summary>The second to export, between points too.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TimeSet)]
    [ArgumentCompleter(typeof(PointInTimeCompleter))]
    public DateTimeOffset? PointInTime { get; set; }

    /// <summary>Folder on the appliance's host for the files.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = null!;

    /// <summary>What the files are.</summary>
    [Parameter]
    public DiskImageFormat Format { get; set; }

    /// <summary>Names or ids of the disks; all when left out.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DiskCompleter))]
    [ValidateNotNullOrEmpty]
    public string[]? Disk { get; set; }

    /// <summary>Replaces files that are there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    private protected override string Action => $"Export as {Format}";

    /// <summary>Someone who waits for files and stops waiting does not want half of them later.</summary>
    private protected override bool EndsJobsWithWait => true;

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine)
    {
        AsrRecoveryPoint point = FindPoint(machine, Meant(RecoveryPoint) ?? RecoveryPointIdentity.Newest, PointInTime)!;
        OperationRequest request = new()
        {
            Operation = MachineOperation.ExportRecoveryPoint,
            DiskIds = PointDisks.Find(point, Disk),
            Folder = FullPath(Path),
            Format = Format,
            Overwrite = Force,
        };
        return Aim(request, point);
    }
}
