using System;
using System.Linq;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Asr.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Tests.Doubles;

/// <summary>Kestrel in the appliance's place: TLS 1.3, takes any client certificate or none, answers as the test says.</summary>
internal sealed class TestAppliance : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestAppliance(WebApplication app)
    {
        _app = app;
        Endpoint = new Uri(app.Urls.First());
    }

    public Uri Endpoint { get; }

    public static async Task<TestAppliance> StartAsync(X509Certificate2 certificate, Action<WebApplication> routes, SslProtocols protocols = SslProtocols.Tls13)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = ReplicationLimits.BatchBytesMax;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.SslProtocols = protocols;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.ClientCertificateValidation = (_, _, _) => true;
            }));
        });
        WebApplication app = builder.Build();
        routes(app);
        await app.StartAsync();
        return new TestAppliance(app);
    }

    /// <summary>Answers with an error as the appliance does.</summary>
    public static IResult Refuse(AsrErrorCode code, string message, int status = StatusCodes.Status409Conflict) =>
        Results.Json(new AsrError { Code = code, Message = message, Action = "Do something.", Target = "it" }, AsrJson.Options, statusCode: status);

    public static IResult Json<T>(T document) => Results.Json(document, AsrJson.Options);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
