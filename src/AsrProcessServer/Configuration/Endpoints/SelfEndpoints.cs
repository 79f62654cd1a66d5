using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Configuration.Endpoints;

/// <summary>The appliance itself: what it is, its contract, its end.</summary>
internal static class SelfEndpoints
{
    /// <summary>Adds the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi(AsrRoutes.OpenApi).Allow(AccessRule.Operators);
        RouteGroupBuilder group = routes.MapGroup("").WithTags("Appliance").Allow(AccessRule.Operators);

        group.MapGet(AsrRoutes.Appliance, (ApplianceDescription description) => description.Describe());

        group.MapPost(AsrRoutes.Shutdown, (HttpContext context, IHostApplicationLifetime lifetime, ILogger<ApplianceDescription> logger) =>
        {
            HostingLog.StopRequested(logger, CallerCheck.CallerOf(context).Subject);

            // After the answer is out: a stopping server would otherwise race its own reply.
            context.Response.OnCompleted(() =>
            {
                lifetime.StopApplication();
                return Task.CompletedTask;
            });
            return TypedResults.Accepted((string?)null);
        });
    }
}
