using System;
using System.IO;
using System.Threading;
using Asr.Contracts;
using Asr.ProcessServer.Hosting;
using Asr.ProcessServer.Recovery.Mounts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Asr.ProcessServer.Configuration.Endpoints;

/// <summary>Recovery points that are mounted.</summary>
internal static class MountEndpoints
{
    /// <summary>Adds the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("").WithTags("Mounts").Allow(AccessRule.Operators);

        group.MapGet(AsrRoutes.Mounts, (IPointMounts mounts) => mounts.List());

        group.MapPost(AsrRoutes.Mounts, (MountRequest request, HttpContext context, IPointMounts mounts, CancellationToken cancellationToken) =>
        {
            Check(request);
            return mounts.MountAsync(request, CallerCheck.CallerOf(context).Subject, cancellationToken);
        });

        group.MapDelete(AsrRoutes.Mount, async (Guid mountId, IPointMounts mounts, CancellationToken cancellationToken) =>
        {
            await mounts.DismountAsync(mountId, cancellationToken);
            return TypedResults.NoContent();
        });
    }

    private static void Check(MountRequest request)
    {
        if (request.RequestId == Guid.Empty)
        {
            throw RequestBounds.Invalid(nameof(request.RequestId), "is missing; it becomes the id of the mount");
        }

        if (request.DiskIds is { Count: 0 or > RequestBounds.DisksMax })
        {
            throw RequestBounds.Invalid(nameof(request.DiskIds), $"names {request.DiskIds.Count} disks; allowed are 1 to {RequestBounds.DisksMax}, or null for all");
        }

        if (request.PointInTime is not null && request.RecoveryPointId is not null)
        {
            throw RequestBounds.Invalid(nameof(request.PointInTime), "does not go beside a recovery point");
        }

        if (request.LifetimeSeconds is < 1 or > MountRequest.LifetimeSecondsMax)
        {
            throw RequestBounds.Invalid(nameof(request.LifetimeSeconds), $"is {request.LifetimeSeconds}; allowed are 1 to {MountRequest.LifetimeSecondsMax}");
        }

        if (request.Folder is { } folder && (folder.Length > RequestBounds.TextCharsMax || !Path.IsPathFullyQualified(folder)))
        {
            throw RequestBounds.Invalid(nameof(request.Folder), $"must be an absolute path of at most {RequestBounds.TextCharsMax} characters, or null");
        }

        if (request.IsFolderWritable && (request.Folder is null || request.IsReadOnly))
        {
            throw RequestBounds.Invalid(nameof(request.IsFolderWritable), "needs a folder and a mount that takes writes");
        }
    }
}
