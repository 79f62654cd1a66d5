using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.ProcessServer.Hosting;
using Asr.ProcessServer.Machines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Asr.ProcessServer.Configuration.Endpoints;

/// <summary>Machines, their recovery points, and the operations asked of them.</summary>
internal static class MachineEndpoints
{
    /// <summary>Adds the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("").WithTags("Machines").Allow(AccessRule.Operators);

        group.MapGet(AsrRoutes.Machines, (IMachineService machines, CancellationToken cancellationToken) => machines.ListAsync(cancellationToken));

        group.MapGet(AsrRoutes.Machine, (Guid machineId, IMachineService machines, CancellationToken cancellationToken) =>
            machines.GetAsync(machineId, cancellationToken));

        group.MapGet(AsrRoutes.MachinePoints, ListPointsAsync);

        group.MapGet(AsrRoutes.MachinePointAt, async (
            Guid machineId, DateTimeOffset time, IMachineService machines, PointsInTime pointsInTime, CancellationToken cancellationToken) =>
            await pointsInTime.FindAsync(await machines.GetAsync(machineId, cancellationToken), time, cancellationToken));

        group.MapPatch(AsrRoutes.MachinePoint, ChangePointAsync);

        group.MapPut(AsrRoutes.MachineConsistencyGroup, (Guid machineId, ConsistencyGroupChange change, IMachineService machines, CancellationToken cancellationToken) =>
        {
            CheckGroup(change.ConsistencyGroup);
            return machines.SetConsistencyGroupAsync(machineId, change.ConsistencyGroup, cancellationToken);
        });

        group.MapPost(AsrRoutes.MachineOperations, (Guid machineId, OperationRequest request, HttpContext context, IMachineService machines, CancellationToken cancellationToken) =>
        {
            Check(request);
            return machines.StartAsync(machineId, request, CallerCheck.CallerOf(context).Subject, cancellationToken);
        });
    }

    private static async Task<IReadOnlyList<AsrRecoveryPoint>> ListPointsAsync(
        Guid machineId, int? top, DateTimeOffset? until, IMachineService machines, IRecoveryPointLog points, CancellationToken cancellationToken)
    {
        int count = RequestBounds.Top(top);
        await machines.GetAsync(machineId, cancellationToken);
        return await points.ListAsync(machineId, count, until, cancellationToken);
    }

    private static async Task<AsrRecoveryPoint> ChangePointAsync(
        Guid machineId, Guid pointId, RecoveryPointChange change, HttpContext context, IRecoveryPointLog points, IEventLog events, CancellationToken cancellationToken)
    {
        if (change.Name is { Length: > 0 } name && RecoveryPointName.Fault(name) is { } fault)
        {
            throw RequestBounds.Invalid(nameof(change.Name), fault);
        }

        AsrRecoveryPoint changed = await points.ChangeAsync(machineId, pointId, change, cancellationToken);
        string marks = (changed.Pinned ? "is pinned" : "is not pinned") + (changed.Name is null ? "" : $" and has the name '{changed.Name}'");
        await events.AddAsync(
            new AsrEvent
            {
                Severity = EventSeverity.Normal,
                Code = "RecoveryPointChanged",
                Message = $"The recovery point of {changed.Time:u} of '{changed.MachineName}' {marks}, as {CallerCheck.CallerOf(context).Subject} asked.",
                MachineId = machineId,
                MachineName = changed.MachineName,
            },
            cancellationToken);
        return changed;
    }

    private static bool TakesPointInTime(OperationRequest request) => request.RecoveryPointId is null
        && request.Operation is MachineOperation.TestFailover or MachineOperation.UnplannedFailover or MachineOperation.ChangeRecoveryPoint
            or MachineOperation.ExportRecoveryPoint;

    private static void Check(OperationRequest request)
    {
        if (request.RequestId == Guid.Empty)
        {
            throw RequestBounds.Invalid(nameof(request.RequestId), "is missing; it becomes the id of the job");
        }

        if (!Enum.IsDefined(request.Operation))
        {
            throw RequestBounds.Invalid(nameof(request.Operation), $"{(int)request.Operation} is not known");
        }

        if (request.DiskIds is { Count: 0 or > RequestBounds.DisksMax })
        {
            throw RequestBounds.Invalid(nameof(request.DiskIds), $"names {request.DiskIds.Count} disks; allowed are 1 to {RequestBounds.DisksMax}, or null for all");
        }

        if (request.Folder is { Length: 0 or > RequestBounds.TextCharsMax })
        {
            throw RequestBounds.Invalid(nameof(request.Folder), $"must be 1 to {RequestBounds.TextCharsMax} characters, or null");
        }

        if (request.PointInTime is not null && !TakesPointInTime(request))
        {
            throw RequestBounds.Invalid(nameof(request.PointInTime), "goes with TestFailover, UnplannedFailover, ChangeRecoveryPoint or ExportRecoveryPoint, and not beside a recovery point");
        }

        if (request.BytesPerSecondMax < ReplicationLimits.BytesPerSecondMin)
        {
            throw RequestBounds.Invalid(nameof(request.BytesPerSecondMax), $"is {request.BytesPerSecondMax}; the least is {ReplicationLimits.BytesPerSecondMin}");
        }

        if (!Enum.IsDefined(request.Format))
        {
            throw RequestBounds.Invalid(nameof(request.Format), $"{(int)request.Format} is not known");
        }

        if (request.Operation == MachineOperation.ExportRecoveryPoint && (request.Folder is null || !Path.IsPathFullyQualified(request.Folder)))
        {
            throw RequestBounds.Invalid(nameof(request.Folder), "must be an absolute path for an export");
        }

        if (request.PolicyName is { } policyName)
        {
            PolicyRules.CheckName(policyName);
        }

        if (request.ConsistencyGroup is not null && request.Operation != MachineOperation.EnableReplication)
        {
            throw RequestBounds.Invalid(nameof(request.ConsistencyGroup), "goes with EnableReplication");
        }

        CheckGroup(request.ConsistencyGroup);
    }

    private static void CheckGroup(string? name)
    {
        if (name is not null && ConsistencyGroup.Fault(name) is { } fault)
        {
            throw RequestBounds.Invalid(nameof(OperationRequest.ConsistencyGroup), fault);
        }
    }
}
