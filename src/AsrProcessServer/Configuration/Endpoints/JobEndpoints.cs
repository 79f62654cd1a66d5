using System;
using System.Threading;
using Asr.Contracts;
using Asr.ProcessServer.Hosting;
using Asr.ProcessServer.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Asr.ProcessServer.Configuration.Endpoints;

/// <summary>Jobs and events: what happens and what has happened.</summary>
internal static class JobEndpoints
{
    /// <summary>Adds the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("").WithTags("Jobs").Allow(AccessRule.Operators);

        group.MapGet(AsrRoutes.Jobs, (int? top, IJobService jobs, CancellationToken cancellationToken) =>
            jobs.ListAsync(RequestBounds.Top(top), cancellationToken));

        group.MapGet(AsrRoutes.Job, (Guid jobId, long? knownRevision, HttpContext context, IJobService jobs, LongPolls polls) =>
            polls.WaitAsync(context, stop => jobs.GetAsync(jobId, knownRevision, stop)));

        group.MapPost(AsrRoutes.JobCancellation, (Guid jobId, HttpContext context, IJobService jobs, CancellationToken cancellationToken) =>
            jobs.CancelAsync(jobId, CallerCheck.CallerOf(context).Subject, cancellationToken));

        group.MapPost(AsrRoutes.VaultChecks, (VaultCheckRequest request, HttpContext context, IJobService jobs, CancellationToken cancellationToken) =>
            request.RequestId != Guid.Empty
                ? jobs.StartCheckAsync(request, CallerCheck.CallerOf(context).Subject, cancellationToken)
                : throw RequestBounds.Invalid(nameof(request.RequestId), "is missing; it becomes the id of the job"));

        group.MapGet(AsrRoutes.Events, (int? top, IEventLog events, CancellationToken cancellationToken) =>
            events.ListAsync(RequestBounds.Top(top), cancellationToken));
    }
}
