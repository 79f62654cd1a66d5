using System;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.Mounts;

/// <summary>Gives the disks of a recovery point as NBD exports, at once and beside everything else, and attaches them to the appliance's host when asked.</summary>
[Cmdlet(VerbsData.Mount, "AsrRecoveryPoint", SupportsShouldProcess = true, DefaultParameterSetName = PointSet)]
[OutputType(typeof(AsrRecoveryPointMount))]
public sealed class MountAsrRecoveryPointCommand : ConnectedCommand
{
    private const string PointSet = "Point";
    private const string TimeSet = "Time";

    private static readonly TimeSpan s_undoTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The machines: names, ids, or objects that belong to a machine.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("MachineId")]
    [ArgumentCompleter(typeof(MachineCompleter))]
    [ValidateNotNullOrEmpty]
    public MachineIdentity[] Machine { get; set; } = null!;

    /// <summary>The point to mount; the latest when left out.</summary>
    [Parameter(Position = 1, ValueFromPipeline = true, ParameterSetName = PointSet)]
    [ArgumentCompleter(typeof(RecoveryPointCompleter))]
    public RecoveryPointIdentity? RecoveryPoint { get; set; }

    /// <summary>The second to mount, between points too.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TimeSet)]
    [ArgumentCompleter(typeof(PointInTimeCompleter))]
    public DateTimeOffset? PointInTime { get; set; }

    /// <summary>Names or ids of the disks; all when left out.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DiskCompleter))]
    [ValidateNotNullOrEmpty]
    public string[]? Disk { get; set; }

    /// <summary>Refuses writes instead of keeping them apart.</summary>
    [Parameter]
    public SwitchParameter ReadOnly { get; set; }

    /// <summary>How long the mount lives.</summary>
    [Parameter]
    public TimeSpan For { get; set; } = TimeSpan.FromSeconds(MountRequest.LifetimeSecondsDefault);

    /// <summary>Folder on the appliance's host to attach the disks below, with their file systems mounted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? AttachTo { get; set; }

    /// <summary>Mounts the file systems so that they can be written; what is written is thrown away with the mount.</summary>
    [Parameter]
    public SwitchParameter AttachWritable { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        ForAll(null, CheckArguments);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (MachineIdentity identity in Machine)
        {
            ForItem(identity, () => Mount(identity));
        }
    }

    private void CheckArguments()
    {
        if (For.TotalSeconds is < 1 or > MountRequest.LifetimeSecondsMax)
        {
            throw new AsrException(
                AsrErrorCode.InvalidArgument,
                $"A mount cannot live for {For}.",
                $"Give -For a time between a second and {TimeSpan.FromSeconds(MountRequest.LifetimeSecondsMax).TotalDays:0} days.",
                For.ToString());
        }

        if (AttachWritable && (AttachTo is null || ReadOnly))
        {
            throw new AsrException(
                AsrErrorCode.InvalidArgument, "-AttachWritable goes with -AttachTo and not with -ReadOnly.", "Leave -AttachWritable out, or name the folder.");
        }
    }

    private void Mount(MachineIdentity identity)
    {
        AsrReplicatedMachine machine = Run(stop => Active.GetMachineAsync(identity, stop));
        AsrRecoveryPoint point = Run(stop => Active.FindPointAsync(machine, Meant(RecoveryPoint) ?? RecoveryPointIdentity.Newest, PointInTime, stop))!;
        bool isShown = point.PublishedAt == default;
        MountRequest request = new()
        {
            RequestId = Guid.NewGuid(),
            MachineId = machine.Id,
            RecoveryPointId = isShown ? null : point.Id,
            PointInTime = isShown ? point.Time : null,
            DiskIds = PointDisks.Find(point, Disk),
            IsReadOnly = ReadOnly,
            LifetimeSeconds = (int)For.TotalSeconds,
            Folder = AttachTo is null ? null : SessionState.Path.GetUnresolvedProviderPathFromPSPath(AttachTo),
            IsFolderWritable = AttachWritable,
        };
        string place = request.Folder is null ? "" : $", attached to '{request.Folder}'";
        if (!ShouldProcess($"recovery point of {Display.Time(point.Time)} of machine '{machine.Name}'{place}", "Mount"))
        {
            return;
        }

        AsrRecoveryPointMount mount = Run(stop => MountAsync(Active, request, stop));
        foreach ((AsrMountedDisk disk, AsrMountedVolume volume) in mount.Disks.SelectMany(disk => disk.Volumes, (disk, volume) => (disk, volume)))
        {
            if (volume.Problem is not null)
            {
                string which = volume.Partition == 0 ? "" : $", partition {volume.Partition}";
                WriteWarning($"The file system ({volume.FileSystem}) of disk '{disk.Name}'{which} is not mounted: {volume.Problem}");
            }
        }

        WriteObject(mount);
    }

    private static async Task<AsrRecoveryPointMount> MountAsync(AsrConnection connection, MountRequest request, CancellationToken stop)
    {
        try
        {
            return await connection.MountAsync(request, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The appliance may have been done already. If it cannot be told now, the mount ends with its time.
            using CancellationTokenSource limit = new(s_undoTimeout);
            try
            {
                await connection.DismountAsync(request.RequestId, limit.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is AsrException or OperationCanceledException)
            {
            }

            throw;
        }
    }
}
