using System;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Asr.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Asr.ProcessServer.Hosting;

/// <summary>
/// Decides who may call what. The TLS handshake takes any client certificate, or none, and the decision falls here, because a refused handshake
/// reaches the peer as a broken connection without a reason, while here it can be told apart - none, foreign, expired, not enough - and answered as
/// an <see cref="AsrError"/>. Nothing of a request but its head has been read by then.
/// </summary>
internal sealed class CallerCheck(RequestDelegate next, CallerCertificates certificates, TimeProvider time)
{
    /// <summary>The caller of a request whose endpoint asks for one.</summary>
    public static Caller CallerOf(HttpContext context) => StateOf(context).Caller
        ?? throw new InvalidOperationException("The endpoint has no access rule that names a role.");

    /// <summary>The machine of an agent's request.</summary>
    public static Guid MachineOf(HttpContext context) => CallerOf(context).MachineId
        ?? throw new InvalidOperationException("The endpoint is not for agents only.");

    /// <summary>Runs the request if it may run.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        Endpoint? endpoint = context.GetEndpoint();
        AccessRule? rule = endpoint?.Metadata.GetMetadata<AccessRule>();
        ConnectionState connection = StateOf(context);
        if (rule is null)
        {
            // No such route, or a wrong method: routing's own endpoint answers. A route of ours without a rule is our mistake and stays shut.
            return endpoint is RouteEndpoint
                ? throw new AsrException(AsrErrorCode.Forbidden, $"{context.Request.Path} has no access rule.")
                : next(context);
        }

        if (rule.Listener != connection.Listener)
        {
            throw new AsrException(AsrErrorCode.NotFound, $"{context.Request.Path} is not served on this port.",
                $"Use the appliance's {rule.Listener.ToString().ToLowerInvariant()} port.");
        }

        if (rule.Role is { } role)
        {
            Demand(connection.Caller ??= Identify(context), role, context.Request.Path);
        }

        return next(context);
    }

    private Caller Identify(HttpContext context)
    {
        X509Certificate2 certificate = context.Connection.ClientCertificate
            ?? throw new AsrException(AsrErrorCode.Unauthenticated, "The request came without a client certificate.",
                "Connect with the passphrase (operators) or enroll the agent with a token.");
        return certificates.Identify(certificate);
    }

    private void Demand(Caller caller, CallerRole role, string path)
    {
        // Checked for every request: a connection may outlive the certificate it was opened with.
        DateTimeOffset now = time.GetUtcNow();
        if (now < caller.NotBefore || now > caller.NotAfter)
        {
            throw new AsrException(AsrErrorCode.CertificateExpired,
                $"The certificate of {caller.Subject} is valid from {caller.NotBefore:u} to {caller.NotAfter:u}; it is {now:u} here.",
                role == CallerRole.Agent ? "Enroll the agent again with a new token." : "Connect again with the passphrase.", caller.Subject);
        }

        if (caller.Role != role)
        {
            throw new AsrException(AsrErrorCode.Forbidden, $"{caller.Subject} is no {role.ToString().ToLowerInvariant()} and may not use {path}.", target: caller.Subject);
        }
    }

    private static ConnectionState StateOf(HttpContext context) => context.Features.Get<ConnectionState>()
        ?? throw new InvalidOperationException("The connection was not accepted by one of the appliance's listeners.");
}
