using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Asr.ProcessServer.Tests.Hosting;

public sealed class AccessTests
{
    [Fact]
    public async Task Without_a_certificate_everything_but_enrollment_is_refused()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient control = appliance.NewClient(null);
        using HttpClient data = appliance.NewClient(null, appliance.Data);
        List<RouteEndpoint> guarded = appliance.App.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<AccessRule>() is not { Role: null }).ToList();
        Assert.Equal(
            ContractTests.Routes.Except([AsrRoutes.Authority, AsrRoutes.EnrollAgent, AsrRoutes.EnrollOperator]).Order(),
            guarded.Select(endpoint => endpoint.RoutePattern.RawText).Distinct().Order());

        foreach (RouteEndpoint endpoint in guarded)
        {
            AccessRule rule = endpoint.Metadata.GetRequiredMetadata<AccessRule>();
            string path = endpoint.RoutePattern.RawText!.Replace("{name}", "gold").Replace("{documentName}", "v1");
            foreach (string parameter in new[] { "{machineId}", "{jobId}", "{diskId}", "{pointId}", "{mountId}" })
            {
                path = path.Replace(parameter, Guid.NewGuid().ToString());
            }

            using HttpRequestMessage request = new(new HttpMethod(endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods[0]), path);
            AsrError error = await HttpClientExtensions.ErrorOfAsync((rule.Listener == Listener.Control ? control : data).SendAsync(request, TestAppliance.Stop), HttpStatusCode.Unauthorized);
            Assert.Equal(AsrErrorCode.Unauthenticated, error.Code);
        }
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_foreign()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using X509Certificate2 other = TestAuthority.Create("other vault");
        byte[] pkcs12 = new CertificateIssuer(other, TimeProvider.System).IssueOperator("alice");
        using HttpClient mallory = appliance.NewClient(X509CertificateLoader.LoadPkcs12(pkcs12, null));

        AsrError error = await HttpClientExtensions.ErrorOfAsync(mallory.GetAsync(AsrRoutes.Appliance, TestAppliance.Stop), HttpStatusCode.Unauthorized);

        Assert.Equal(AsrErrorCode.CertificateForeign, error.Code);
    }

    [Fact]
    public async Task A_certificate_ends_even_on_an_open_connection()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        await alice.GetForAsync<AsrAppliance>(AsrRoutes.Appliance);

        appliance.Time.Advance(CertificateIssuer.OperatorLife + TimeSpan.FromSeconds(1));
        AsrError error = await HttpClientExtensions.ErrorOfAsync(alice.GetAsync(AsrRoutes.Appliance, TestAppliance.Stop), HttpStatusCode.Unauthorized);

        Assert.Equal(AsrErrorCode.CertificateExpired, error.Code);
    }

    [Fact]
    public async Task An_expired_certificate_on_a_new_connection_is_named_as_such()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        PastTime past = new(TimeSpan.FromHours(30));
        byte[] pkcs12 = new CertificateIssuer(appliance.Authority, past).IssueOperator("alice");
        using HttpClient alice = appliance.NewClient(X509CertificateLoader.LoadPkcs12(pkcs12, null));

        AsrError error = await HttpClientExtensions.ErrorOfAsync(alice.GetAsync(AsrRoutes.Appliance, TestAppliance.Stop), HttpStatusCode.Unauthorized);

        Assert.Equal(AsrErrorCode.CertificateExpired, error.Code);
    }

    [Fact]
    public async Task The_appliances_own_certificate_is_no_callers()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using X509Certificate2 server = new CertificateIssuer(appliance.Authority, TimeProvider.System).IssueServer(["localhost"], [IPAddress.Loopback]);
        using HttpClient mallory = appliance.NewClient(X509CertificateLoader.LoadPkcs12(server.Export(X509ContentType.Pkcs12), null));

        AsrError error = await HttpClientExtensions.ErrorOfAsync(mallory.GetAsync(AsrRoutes.Appliance, TestAppliance.Stop), HttpStatusCode.Unauthorized);

        Assert.Equal(AsrErrorCode.CertificateForeign, error.Code);
    }

    [Fact]
    public async Task Roles_do_not_stand_in_for_each_other()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        (_, X509Certificate2 certificate) = await appliance.EnrollAgentAsync("web1");
        using HttpClient agent = appliance.NewClient(certificate);
        using HttpClient alice = await appliance.NewOperatorAsync();

        foreach (string path in new[] { AsrRoutes.Machines, AsrRoutes.Jobs, AsrRoutes.Policies, AsrRoutes.Events, AsrRoutes.Appliance, AsrRoutes.OpenApi })
        {
            Assert.Equal(AsrErrorCode.Forbidden, (await HttpClientExtensions.ErrorOfAsync(agent.GetAsync(path, TestAppliance.Stop), HttpStatusCode.Forbidden)).Code);
        }

        Assert.Equal(AsrErrorCode.Forbidden, (await HttpClientExtensions.ErrorOfAsync(alice.GetAsync(AsrRoutes.AgentAssignment, TestAppliance.Stop), HttpStatusCode.Forbidden)).Code);
    }

    [Fact]
    public async Task Each_port_serves_its_own_routes_whatever_the_host_header_says()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        (_, X509Certificate2 certificate) = await appliance.EnrollAgentAsync("web1");
        using HttpClient data = appliance.NewClient(certificate, appliance.Data);
        using HttpRequestMessage request = new(HttpMethod.Get, AsrRoutes.AgentAssignment);
        request.Headers.Host = appliance.Control.Authority;

        AsrError error = await HttpClientExtensions.ErrorOfAsync(data.SendAsync(request, TestAppliance.Stop), HttpStatusCode.NotFound);

        Assert.Equal(AsrErrorCode.NotFound, error.Code);
        Assert.Contains("control", error.Action, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_server_proves_itself_by_name_and_address()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        foreach (string host in new[] { "127.0.0.1", "localhost", Dns.GetHostName() })
        {
            using TcpClient tcp = new();
            await tcp.ConnectAsync(IPAddress.Loopback, appliance.Control.Port, TestAppliance.Stop);
            await using SslStream tls = new(tcp.GetStream());
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    CertificateChainPolicy = new X509ChainPolicy
                    {
                        TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { appliance.Authority }, RevocationMode = X509RevocationMode.NoCheck,
                    },
                },
                TestAppliance.Stop);
            Assert.Equal(SslProtocols.Tls13, tls.SslProtocol);
        }
    }

    [Fact]
    public async Task Older_TLS_is_refused()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using TcpClient tcp = new();
        await tcp.ConnectAsync(IPAddress.Loopback, appliance.Data.Port, TestAppliance.Stop);
        await using SslStream tls = new(tcp.GetStream());

        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = SslProtocols.Tls12 }, TestAppliance.Stop));
    }

    private sealed class PastTime(TimeSpan ago) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - ago;
    }
}
