using System.Threading;
using Asr.Contracts;
using Asr.ProcessServer.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Asr.ProcessServer.Configuration.Endpoints;

/// <summary>Enrollment tokens.</summary>
internal static class TokenEndpoints
{
    /// <summary>Adds the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost(AsrRoutes.Tokens, (int? hours, HttpContext context, TokenStore tokens, CancellationToken cancellationToken) =>
                tokens.CreateAsync(hours ?? TokenStore.HoursDefault, CallerCheck.CallerOf(context).Subject, cancellationToken))
            .WithTags("Enrollment").Allow(AccessRule.Operators);
}
