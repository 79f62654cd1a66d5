using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Shipping;
using Asr.ProcessServer.Hosting;
using Asr.ProcessServer.Machines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Asr.ProcessServer.Process;

/// <summary>The data port: publication of recovery points.</summary>
internal static class PointEndpoints
{
    /// <summary>Adds the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost(AsrRoutes.PublishPoint, PublishAsync).WithTags("Replication").Allow(AccessRule.AgentData);

    private static async Task<AsrRecoveryPoint> PublishAsync(
        PublishPointRequest request, HttpContext context, DiskAccess access, IMachineService machines, IReplicationSink sink, CancellationToken cancellationToken)
    {
        Guid machineId = CallerCheck.MachineOf(context);
        AsrRecoveryPoint point = request.Point ?? throw RequestBounds.Invalid(nameof(request.Point), "is missing");
        Check(point);
        if (point.MachineId != machineId)
        {
            throw new AsrException(AsrErrorCode.Forbidden, $"A point of machine {point.MachineId} cannot be published by the agent of machine {machineId}.", target: point.Id.ToString());
        }

        foreach (RecoveryPointDisk disk in point.Disks)
        {
            await access.DemandAsync(machineId, disk.DiskId, cancellationToken);
        }

        await access.DemandReplicatingAsync(machineId, cancellationToken);
        AsrReplicatedMachine machine = await machines.GetAsync(machineId, cancellationToken);
        return await sink.PublishPointAsync(WithNames(point, machine), cancellationToken);
    }

    private static void Check(AsrRecoveryPoint point)
    {
        if (point.Id == Guid.Empty)
        {
            throw RequestBounds.Invalid("Point.Id", "is missing");
        }

        if (point.MultiMachine is { Id: var roundId } && roundId == Guid.Empty)
        {
            throw RequestBounds.Invalid("Point.MultiMachine", "has no id");
        }

        if (point.Disks is not { Count: >= 1 and <= RequestBounds.DisksMax })
        {
            throw RequestBounds.Invalid("Point.Disks", $"must name 1 to {RequestBounds.DisksMax} disks");
        }

        if (!Enum.IsDefined(point.Type) || !Enum.IsDefined(point.Grade) || !Enum.IsDefined(point.Reason) || !Enum.IsDefined(point.Source))
        {
            throw RequestBounds.Invalid("Point", "has an unknown type, grade, reason or source");
        }

        if (point.AppConsistencyError is { } error && (point.Type != RecoveryPointType.CrashConsistent || error.Message is not { Length: <= RequestBounds.TextCharsMax } || error.Action?.Length > RequestBounds.TextCharsMax))
        {
            throw RequestBounds.Invalid("Point.AppConsistencyError", $"is for crash-consistent points and has texts of at most {RequestBounds.TextCharsMax} characters");
        }

        HashSet<Guid> seen = [];
        foreach (RecoveryPointDisk disk in point.Disks)
        {
            if (disk is null || !seen.Add(disk.DiskId) || disk.Epoch < 1 || disk.Sequence < 0 || disk.SizeBytes is < 1 or > ReplicationLimits.DiskBytesMax)
            {
                throw RequestBounds.Invalid("Point.Disks", "holds a disk twice, or one without a usable size, epoch or sequence");
            }
        }
    }

    // The agent may have been named differently since; the vault's names are the ones people know.
    private static AsrRecoveryPoint WithNames(AsrRecoveryPoint point, AsrReplicatedMachine machine)
    {
        Dictionary<Guid, string> names = [];
        foreach (AsrDisk disk in machine.Disks)
        {
            names[disk.Id] = disk.Name;
        }

        List<RecoveryPointDisk> disks = new(point.Disks.Count);
        foreach (RecoveryPointDisk disk in point.Disks)
        {
            disks.Add(disk with { Name = names.GetValueOrDefault(disk.DiskId, disk.DiskId.ToString()) });
        }

        return point with { MachineName = machine.Name, Disks = disks };
    }
}
