using System;
using System.Net.Http;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Asr.Agent.Appliance;

/// <summary>Makes the connection pool to an appliance's port: TLS 1.3 and nothing else, no proxy, no redirects, bounded everywhere.</summary>
internal static class ApplianceHandler
{
    /// <summary>Connections to one port at most: more than the batches that are ever under way, so that none waits for a connection.</summary>
    private const int ConnectionsMax = 64;

    /// <summary>For an enrolled agent: shows its certificate.</summary>
    public static SocketsHttpHandler Create(ApplianceTrust trust, AgentCredentials credentials)
    {
        SocketsHttpHandler handler = Create(trust.Accept);
        handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => credentials.Certificate;
        return handler;
    }

    /// <summary>For an agent that has no certificate yet.</summary>
    public static SocketsHttpHandler Create(RemoteCertificateValidationCallback accept) => new()
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls13,

            // The vault's authority publishes no revocation lists: a machine is refused by its state in the catalog.
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = accept,
        },
        ConnectTimeout = TimeSpan.FromSeconds(5),

        // So that a renewed certificate and a moved address are taken up.
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        MaxConnectionsPerServer = ConnectionsMax,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
    };
}
