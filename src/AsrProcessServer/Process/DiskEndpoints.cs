using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Shipping;
using Asr.ProcessServer.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Asr.ProcessServer.Process;

/// <summary>The data port: sessions, batches, hashes and content of single disks.</summary>
internal static class DiskEndpoints
{
    private const string Bytes = "application/octet-stream";

    /// <summary>Adds the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("").WithTags("Replication").Allow(AccessRule.AgentData);
        group.MapPost(AsrRoutes.DiskSessions, OpenSessionAsync);
        group.MapPost(AsrRoutes.DiskBatches, ShipAsync).Accepts<Stream>(Bytes).LimitBody(ReplicationLimits.BatchBytesMax);
        group.MapGet(AsrRoutes.DiskProgress, GetProgressAsync);
        group.MapPost(AsrRoutes.DiskDigests, GetDigestsAsync).Produces<Stream>(StatusCodes.Status200OK, Bytes);
        group.MapGet(AsrRoutes.DiskPointData, ReadPointAsync).Produces<Stream>(StatusCodes.Status200OK, Bytes);
    }

    private static async Task<ReplicationSession> OpenSessionAsync(
        Guid diskId, OpenSessionRequest request, HttpContext context, DiskAccess access, IReplicationSink sink, CancellationToken cancellationToken)
    {
        Guid machineId = CallerCheck.MachineOf(context);
        if (request.MachineId != machineId)
        {
            throw new AsrException(AsrErrorCode.Forbidden, $"A session for machine {request.MachineId} cannot be opened by the agent of machine {machineId}.", target: diskId.ToString());
        }

        if (diskId == Guid.Empty || request.Nonce == Guid.Empty)
        {
            throw RequestBounds.Invalid(nameof(OpenSessionRequest), "needs the id of a disk and a nonce");
        }

        if (request.SizeBytes is < 1 or > ReplicationLimits.DiskBytesMax)
        {
            throw RequestBounds.Invalid(nameof(request.SizeBytes), $"is {request.SizeBytes}; allowed are 1 to {ReplicationLimits.DiskBytesMax}");
        }

        await access.DemandForSessionAsync(machineId, diskId, cancellationToken);
        await access.DemandReplicatingAsync(machineId, cancellationToken);
        return await sink.OpenSessionAsync(diskId, request, cancellationToken);
    }

    private static async Task<ShipReceipt> ShipAsync(
        Guid diskId, HttpContext context, DiskAccess access, TransferMemory memory, IReplicationSink sink, CancellationToken cancellationToken)
    {
        await access.DemandAsync(CallerCheck.MachineOf(context), diskId, cancellationToken);
        int bytes = context.Request.ContentLength switch
        {
            null => throw new BadHttpRequestException("A batch needs a Content-Length.", StatusCodes.Status411LengthRequired),
            0 => throw new AsrException(AsrErrorCode.BatchMalformed, "The batch is empty.", target: diskId.ToString()),
            > ReplicationLimits.BatchBytesMax => throw new BadHttpRequestException(
                $"The batch has {context.Request.ContentLength} bytes; allowed are {ReplicationLimits.BatchBytesMax}.", StatusCodes.Status413PayloadTooLarge),
            { } length => (int)length,
        };

        // The length is known, so the body goes from the connection straight to where the vault reads it.
        using TransferLease lease = await memory.RentAsync(bytes, cancellationToken);
        await context.Request.Body.ReadExactlyAsync(lease.Memory, cancellationToken);
        return await sink.ShipAsync(diskId, lease.Memory, cancellationToken);
    }

    private static async Task<ShipReceipt> GetProgressAsync(
        Guid diskId, int epoch, HttpContext context, DiskAccess access, IReplicationSink sink, CancellationToken cancellationToken)
    {
        await access.DemandAsync(CallerCheck.MachineOf(context), diskId, cancellationToken);
        return await sink.GetProgressAsync(diskId, epoch, cancellationToken);
    }

    private static async Task GetDigestsAsync(
        Guid diskId, DigestRequest request, HttpContext context, DiskAccess access, IReplicaSource source, CancellationToken cancellationToken)
    {
        await access.DemandAsync(CallerCheck.MachineOf(context), diskId, cancellationToken);
        if (request.RegionBytes is not (ReplicationLimits.DigestRegionBytes or ReplicationLimits.DigestBlockBytes))
        {
            throw RequestBounds.Invalid(nameof(request.RegionBytes), $"is {request.RegionBytes}; allowed are {ReplicationLimits.DigestRegionBytes} and {ReplicationLimits.DigestBlockBytes}");
        }

        if (request.Offset < 0 || request.Offset % request.RegionBytes != 0 || request.Offset > ReplicationLimits.DiskBytesMax)
        {
            throw RequestBounds.Invalid(nameof(request.Offset), $"is {request.Offset}; it must be a multiple of {request.RegionBytes} within a disk");
        }

        if (request.Count is < 1 or > ReplicationLimits.DigestRegionsMax)
        {
            throw RequestBounds.Invalid(nameof(request.Count), $"is {request.Count}; allowed are 1 to {ReplicationLimits.DigestRegionsMax}");
        }

        byte[] digests = await source.GetDigestsAsync(diskId, request, cancellationToken);
        await WriteAsync(context.Response, digests, cancellationToken);
    }

    private static async Task ReadPointAsync(
        Guid diskId, Guid pointId, long offset, int length, HttpContext context, DiskAccess access, TransferMemory memory, IReplicaSource source, CancellationToken cancellationToken)
    {
        await access.DemandAsync(CallerCheck.MachineOf(context), diskId, cancellationToken);
        if (offset is < 0 or > ReplicationLimits.DiskBytesMax)
        {
            throw RequestBounds.Invalid("offset", $"is {offset}; it must lie within a disk");
        }

        if (length is < 1 or > ReplicationLimits.PointReadBytesMax)
        {
            throw RequestBounds.Invalid("length", $"is {length}; allowed are 1 to {ReplicationLimits.PointReadBytesMax}");
        }

        using TransferLease lease = await memory.RentAsync(length, cancellationToken);
        await source.ReadPointAsync(diskId, pointId, offset, lease.Memory, cancellationToken);
        await WriteAsync(context.Response, lease.Memory, cancellationToken);
    }

    private static async Task WriteAsync(HttpResponse response, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        response.ContentType = Bytes;
        response.ContentLength = content.Length;
        await response.Body.WriteAsync(content, cancellationToken);
    }
}
