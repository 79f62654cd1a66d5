using Microsoft.AspNetCore.Builder;

namespace Asr.ProcessServer.Hosting;

/// <summary>Endpoint metadata: by which port and by whom an endpoint may be called. Every endpoint has one; one without is refused.</summary>
/// <param name="Listener">The port.</param>
/// <param name="Role">The role, or null for anyone.</param>
internal sealed record AccessRule(Listener Listener, CallerRole? Role)
{
    /// <summary>Control port, without a certificate.</summary>
    public static AccessRule Enrollment { get; } = new(Listener.Control, null);

    /// <summary>Control port, operators.</summary>
    public static AccessRule Operators { get; } = new(Listener.Control, CallerRole.Operator);

    /// <summary>Control port, agents.</summary>
    public static AccessRule AgentControl { get; } = new(Listener.Control, CallerRole.Agent);

    /// <summary>Data port, agents.</summary>
    public static AccessRule AgentData { get; } = new(Listener.Data, CallerRole.Agent);
}

/// <summary>Puts an <see cref="AccessRule"/> on endpoints.</summary>
internal static class AccessRuleExtensions
{
    /// <summary>Sets who may call.</summary>
    public static TBuilder Allow<TBuilder>(this TBuilder endpoints, AccessRule rule)
        where TBuilder : IEndpointConventionBuilder => endpoints.WithMetadata(rule);
}
