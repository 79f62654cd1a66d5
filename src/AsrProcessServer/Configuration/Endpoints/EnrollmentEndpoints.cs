using System.Threading;
using Asr.Contracts;
using Asr.ProcessServer.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Asr.ProcessServer.Configuration.Endpoints;

/// <summary>How a stranger becomes a caller; the only routes that ask for no certificate.</summary>
internal static class EnrollmentEndpoints
{
    /// <summary>Adds the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("").WithTags("Enrollment").Allow(AccessRule.Enrollment).LimitBody(RequestBounds.EnrollmentBodyBytesMax);

        group.MapGet(AsrRoutes.Authority, (CertificateIssuer issuer) => TypedResults.Text(issuer.AuthorityPem));

        group.MapPost(AsrRoutes.EnrollAgent, (EnrollAgentRequest request, HttpContext context, AgentEnrollment enrollment, CancellationToken cancellationToken) =>
            enrollment.EnrollAsync(request, context.Connection.RemoteIpAddress, cancellationToken));

        group.MapPost(AsrRoutes.EnrollOperator, (EnrollOperatorRequest request, HttpContext context, OperatorEnrollment enrollment, CancellationToken cancellationToken) =>
            enrollment.EnrollAsync(request, context.Connection.RemoteIpAddress, cancellationToken));
    }
}
