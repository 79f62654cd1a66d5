using System;
using System.Threading;
using Asr.Contracts;
using Asr.ProcessServer.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Asr.ProcessServer.Configuration.Endpoints;

/// <summary>Replication policies.</summary>
internal static class PolicyEndpoints
{
    /// <summary>Adds the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("").WithTags("Policies").Allow(AccessRule.Operators);

        group.MapGet(AsrRoutes.Policies, (IPolicyStore policies, CancellationToken cancellationToken) => policies.ListAsync(cancellationToken));

        group.MapGet(AsrRoutes.Policy, (string name, IPolicyStore policies, CancellationToken cancellationToken) => policies.GetAsync(name, cancellationToken));

        group.MapPut(AsrRoutes.Policy, (string name, bool? create, AsrReplicationPolicy policy, PolicyChanges changes, CancellationToken cancellationToken) =>
        {
            if (!string.Equals(policy.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                throw RequestBounds.Invalid(nameof(policy.Name), $"is '{policy.Name}' in the body and '{name}' in the path");
            }

            return changes.PutAsync(policy, create ?? false, cancellationToken);
        });

        group.MapDelete(AsrRoutes.Policy, async (string name, PolicyChanges changes, CancellationToken cancellationToken) =>
        {
            await changes.DeleteAsync(name, cancellationToken);
            return TypedResults.NoContent();
        });
    }
}
