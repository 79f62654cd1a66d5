using System;
using System.IO;
using System.Net.Http;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.Engine.Shipping;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Hosting;
using Asr.ProcessServer.Jobs;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Recovery.Mounts;
using Asr.ProcessServer.Process;
using Asr.ProcessServer.Tests.Hosting.Doubles;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Asr.ProcessServer.Tests.Hosting;

/// <summary>The real appliance on free loopback ports with real certificates; vault, machines and jobs are in memory.</summary>
internal sealed class TestAppliance : IAsyncDisposable
{
    private readonly WorkFolder _folder;

    private TestAppliance(WorkFolder folder, X509Certificate2 authority)
    {
        _folder = folder;
        Authority = authority;
        Vault = new CatalogVault(new AsrVault { Id = Guid.NewGuid(), Location = "memory", AuthorityFingerprint = authority.GetCertHashString(HashAlgorithmName.SHA256) });
        App = ApplianceHost.Build(
            new ApplianceOptions { WorkFolder = folder.Path, ControlPort = 0, DataPort = 0 },
            folder,
            new ApplianceVault { Vault = Vault, Authority = authority, Passphrase = new FixedPassphrase() },
            builder =>
            {
                builder.Services.AddSingleton<IReplicationSink>(Replication);
                builder.Services.AddSingleton<IReplicaSource>(Replication);
                builder.Services.AddSingleton<IRecoveryPointLog>(Replication);
                builder.Services.AddSingleton<IDiskOwners>(Replication);
                builder.Services.AddSingleton<TimeProvider>(Time);
                builder.Services.AddSingleton<IMachineService>(Machines);
                builder.Services.AddSingleton<IJobService>(Machines);
                builder.Services.AddSingleton<IPointMounts, MemoryMounts>();
            });
    }

    public X509Certificate2 Authority { get; }

    public CatalogVault Vault { get; }

    public MemoryReplication Replication { get; } = new();

    public MemoryMachines Machines { get; } = new();

    public ManualTime Time { get; } = new();

    public WebApplication App { get; }

    public Uri Control => new(App.Services.GetRequiredService<ApplianceEndpoints>().Control);

    public Uri Data => new(App.Services.GetRequiredService<ApplianceEndpoints>().Data);

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<TestAppliance> StartAsync()
    {
        string path = Path.Combine(Path.GetTempPath(), $"asr-control-{Guid.NewGuid():n}");
        TestAppliance appliance = new(WorkFolder.Open(path), TestAuthority.Create("test vault"));
        await appliance.App.StartAsync(Stop);
        return appliance;
    }

    /// <summary>A client of the control port that trusts the vault's authority and shows this certificate, or none.</summary>
    public HttpClient NewClient(X509Certificate2? certificate, Uri? address = null)
    {
        SocketsHttpHandler handler = new()
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = certificate is null ? null : [certificate],
                LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate!,
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { Authority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        };
        return new HttpClient(handler) { BaseAddress = address ?? Control };
    }

    /// <summary>A client with an operator's certificate, gotten by enrollment.</summary>
    public async Task<HttpClient> NewOperatorAsync(string userName = "alice")
    {
        using HttpClient stranger = NewClient(null);
        EnrollOperatorResponse answer = await stranger.PostForAsync<EnrollOperatorResponse>(
            AsrRoutes.EnrollOperator, new EnrollOperatorRequest { Passphrase = FixedPassphrase.Right, UserName = userName });
        return NewClient(X509CertificateLoader.LoadPkcs12(Convert.FromBase64String(answer.Pkcs12), null));
    }

    /// <summary>An agent's machine id and certificate, gotten by enrollment.</summary>
    public async Task<(Guid MachineId, X509Certificate2 Certificate)> EnrollAgentAsync(string machineName)
    {
        using HttpClient alice = await NewOperatorAsync();
        AsrEnrollmentToken token = await alice.PostForAsync<AsrEnrollmentToken>(AsrRoutes.Tokens, null);
        (ECDsa key, string pem) = TestAuthority.NewRequest();
        using (key)
        {
            using HttpClient stranger = NewClient(null);
            EnrollAgentResponse answer = await stranger.PostForAsync<EnrollAgentResponse>(
                AsrRoutes.EnrollAgent, new EnrollAgentRequest { Token = token.Token, MachineName = machineName, CertificateRequestPem = pem });
            return (answer.MachineId, TestAuthority.WithKey(answer.CertificatePem, key));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        _folder.Dispose();
        Directory.Delete(_folder.Path, recursive: true);
        Authority.Dispose();
    }
}
