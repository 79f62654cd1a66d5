using System.Security.Authentication;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Asr.ProcessServer.Hosting;

/// <summary>The two HTTPS ports of the one web server.</summary>
internal static class Listeners
{
    private const int ConnectionsMax = 1_024;
    private const int HeaderBytesMax = 16 << 10;

    // Batches travel over HTTP/2 as well; the default windows would cap one connection at 96 KiB per round trip.
    private const int StreamWindowBytes = 4 << 20;
    private const int ConnectionWindowBytes = 16 << 20;

    /// <summary>Configures Kestrel.</summary>
    public static void Configure(KestrelServerOptions kestrel, ApplianceOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = ConnectionsMax;
        kestrel.Limits.MaxRequestBodySize = RequestBounds.BodyBytesDefault;
        kestrel.Limits.MaxRequestHeadersTotalSize = HeaderBytesMax;
        kestrel.Limits.Http2.InitialStreamWindowSize = StreamWindowBytes;
        kestrel.Limits.Http2.InitialConnectionWindowSize = ConnectionWindowBytes;
        ServerCertificates certificates = kestrel.ApplicationServices.GetRequiredService<ServerCertificates>();
        ApplianceEndpoints endpoints = kestrel.ApplicationServices.GetRequiredService<ApplianceEndpoints>();
        Listen(Listener.Control, options.ControlPort);
        Listen(Listener.Data, options.DataPort);

        void Listen(Listener listener, int port) => kestrel.Listen(options.ListenAddress, port, listen =>
        {
            listen.UseHttps(Tls(certificates));
            listen.Use(next => connection =>
            {
                connection.Features.Set(new ConnectionState(listener));
                return next(connection);
            });
            endpoints.Set(listener, listen);
        });
    }

    private static HttpsConnectionAdapterOptions Tls(ServerCertificates certificates) => new()
    {
        SslProtocols = SslProtocols.Tls13,
        ServerCertificateSelector = (_, _) => certificates.Current(),

        // Any certificate passes the handshake: CallerCheck says why and decides.
        ClientCertificateMode = ClientCertificateMode.AllowCertificate,
        ClientCertificateValidation = (_, _, _) => true,
    };
}
