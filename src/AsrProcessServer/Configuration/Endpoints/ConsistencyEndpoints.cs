using System;
using Asr.Contracts;
using Asr.ProcessServer.Hosting;
using Asr.ProcessServer.Machines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Asr.ProcessServer.Configuration.Endpoints;

/// <summary>The steps of machines in consistency groups. The machine is always the certificate's, and its group the one that its document names.</summary>
internal static class ConsistencyEndpoints
{
    /// <summary>Adds the route.</summary>
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost(AsrRoutes.AgentConsistency, (ConsistencyStep step, HttpContext context, IMachineService machines, LongPolls polls) =>
        {
            Check(step);
            Guid machineId = CallerCheck.MachineOf(context);
            return polls.WaitAsync(context, stop => machines.StepAsync(machineId, step, stop));
        }).WithTags("Agents").Allow(AccessRule.AgentControl);

    private static void Check(ConsistencyStep step)
    {
        if (step.Run == Guid.Empty || step.Number < 1 || !Enum.IsDefined(step.Phase) || (step.RoundId == Guid.Empty) != (step.Phase == ConsistencyPhase.Waiting))
        {
            throw RequestBounds.Invalid(nameof(ConsistencyStep), "has no usable Run, Number, Phase or RoundId");
        }

        if (step.Error is { } error && (error.Message is not { Length: >= 1 and <= RequestBounds.TextCharsMax } || error.Action?.Length > RequestBounds.TextCharsMax || !Enum.IsDefined(error.Code)))
        {
            throw RequestBounds.Invalid(nameof(step.Error), $"has no known code, or texts of other than 1 to {RequestBounds.TextCharsMax} characters");
        }

        if (step.RestMs is < 0 or > 3_600_000 or double.NaN)
        {
            throw RequestBounds.Invalid(nameof(step.RestMs), $"is {step.RestMs}; allowed are 0 to an hour");
        }
    }
}
