using System;
using System.IO;
using System.Linq;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Appliance;
using Asr.Agent.State;
using Asr.Agent.Tests.Doubles;
using Asr.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Asr.Agent.Tests.Appliance;

public sealed class HttpReplicationTests : IDisposable
{
    private static readonly Guid Disk = Guid.NewGuid();

    private readonly TestAuthority _authority = new();
    private readonly X509Certificate2 _server;
    private readonly X509Certificate2 _agent;
    private readonly Guid _machineId = Guid.NewGuid();

    public HttpReplicationTests()
    {
        _server = _authority.IssueServer();
        _agent = _authority.IssueAgent(_machineId);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ABatchArrivesWholeUnderTheAgentsCertificate()
    {
        byte[] batch = RandomNumberGenerator.GetBytes(ReplicationLimits.BatchBytesMax);
        byte[]? received = null;
        string? caller = null;
        await using TestAppliance appliance = await TestAppliance.StartAsync(_server, app => app.MapPost(AsrRoutes.DiskBatches, async (Guid diskId, HttpContext http) =>
        {
            Assert.Equal(Disk, diskId);
            caller = http.Connection.ClientCertificate?.Thumbprint;
            using MemoryStream body = new();
            await http.Request.Body.CopyToAsync(body);
            received = body.ToArray();
            return TestAppliance.Json(new ShipReceipt { ReceivedSequence = 7, VaultSequence = 5 });
        }));
        using Client client = Connect(appliance);

        ShipReceipt receipt = await client.Replication.ShipAsync(Disk, batch, Cancelled);

        Assert.Equal(7, receipt.ReceivedSequence);
        Assert.Equal(5, receipt.VaultSequence);
        Assert.Equal(batch, received);
        Assert.Equal(_agent.Thumbprint, caller);
    }

    [Fact]
    public async Task BatchesTravelSideBySide()
    {
        const int Together = 16;
        int waiting = 0;
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestAppliance appliance = await TestAppliance.StartAsync(_server, app => app.MapPost(AsrRoutes.DiskBatches, async (HttpContext http) =>
        {
            if (Interlocked.Increment(ref waiting) == Together)
            {
                all.SetResult();
            }

            await all.Task.WaitAsync(http.RequestAborted);
            return TestAppliance.Json(new ShipReceipt { ReceivedSequence = 1 });
        }));
        using Client client = Connect(appliance);

        ShipReceipt[] receipts = await Task.WhenAll(Enumerable.Range(0, Together).Select(_ => client.Replication.ShipAsync(Disk, new byte[512], Cancelled)));

        Assert.All(receipts, receipt => Assert.Equal(1, receipt.ReceivedSequence));
    }

    [Theory]
    [InlineData(AsrErrorCode.WriterFenced)]
    [InlineData(AsrErrorCode.SpoolFull)]
    [InlineData(AsrErrorCode.SequenceGap)]
    [InlineData(AsrErrorCode.CertificateExpired)]
    public async Task TheAppliancesErrorsComeThrough(AsrErrorCode code)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync(
            _server, app => app.MapGet(AsrRoutes.DiskProgress, (int epoch) => TestAppliance.Refuse(code, $"No to epoch {epoch}.")));
        using Client client = Connect(appliance);

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => client.Replication.GetProgressAsync(Disk, 3, Cancelled));

        Assert.Equal(code, error.Code);
        Assert.Equal("No to epoch 3.", error.Message);
        Assert.Equal("Do something.", error.Action);
        Assert.Equal("it", error.Target);
    }

    [Theory]
    [InlineData(500, "<html>proxy</html>")]
    [InlineData(502, "")]
    [InlineData(404, "{}")]
    [InlineData(200, "{\"epoch\":")]
    [InlineData(200, "null")]
    [InlineData(200, "[]")]
    [InlineData(307, "")]
    public async Task WhatNoApplianceAnswersIsUnreachable(int status, string body)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync(_server, app => app.MapFallback((HttpContext http) =>
        {
            http.Response.Headers.Location = "https://elsewhere.example/";
            return Results.Text(body, statusCode: status);
        }));
        using Client client = Connect(appliance);

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => client.Replication.OpenSessionAsync(Disk, new OpenSessionRequest(), Cancelled));

        Assert.Equal(AsrErrorCode.ApplianceUnreachable, error.Code);
        Assert.Contains("does not answer as an appliance does", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(500)]
    public async Task AnEndlessAnswerIsCutOff(int status)
    {
        long sent = 0;
        await using TestAppliance appliance = await TestAppliance.StartAsync(_server, app => app.MapFallback(async (HttpContext http) =>
        {
            http.Response.StatusCode = status;
            byte[] piece = new byte[64 << 10];
            while (!http.RequestAborted.IsCancellationRequested)
            {
                await http.Response.Body.WriteAsync(piece, http.RequestAborted);
                Interlocked.Add(ref sent, piece.Length);

                // Paced: the server learns a little later that the client has hung up, and what it writes until then goes nowhere.
                await Task.Delay(1, http.RequestAborted);
            }
        }));
        using Client client = Connect(appliance);

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => client.Replication.GetDigestsAsync(Disk, new DigestRequest { Count = 4096 }, Cancelled));

        Assert.Equal(AsrErrorCode.ApplianceUnreachable, error.Code);
        Assert.InRange(Interlocked.Read(ref sent), 1, 64L << 20);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(48)]
    public async Task HashesInAWrongNumberAreRefused(int bytes)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync(
            _server, app => app.MapPost(AsrRoutes.DiskDigests, () => Results.Bytes(new byte[bytes])));
        using Client client = Connect(appliance);

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => client.Replication.GetDigestsAsync(Disk, new DigestRequest { Count = 2 }, Cancelled));

        Assert.Equal(AsrErrorCode.ApplianceUnreachable, error.Code);
    }

    [Fact]
    public async Task FewerHashesAtTheEndOfTheDiskArePassedOn()
    {
        byte[] one = RandomNumberGenerator.GetBytes(ReplicationLimits.DigestBytes);
        await using TestAppliance appliance = await TestAppliance.StartAsync(_server, app => app.MapPost(AsrRoutes.DiskDigests, () => Results.Bytes(one)));
        using Client client = Connect(appliance);

        Assert.Equal(one, await client.Replication.GetDigestsAsync(Disk, new DigestRequest { Count = 2 }, Cancelled));
    }

    [Fact]
    public async Task ALargeReadIsPutTogetherFromPieces()
    {
        Guid point = Guid.NewGuid();
        byte[] disk = RandomNumberGenerator.GetBytes(ReplicationLimits.PointReadBytesMax + 4096 + 512);
        await using TestAppliance appliance = await TestAppliance.StartAsync(_server, app => app.MapGet(AsrRoutes.DiskPointData, (Guid pointId, long offset, int length) =>
        {
            Assert.Equal(point, pointId);
            Assert.InRange(length, 1, ReplicationLimits.PointReadBytesMax);
            return Results.Bytes(disk.AsMemory((int)offset, length).ToArray());
        }));
        using Client client = Connect(appliance);
        byte[] buffer = new byte[disk.Length - 512];

        await client.Replication.ReadPointAsync(Disk, point, 512, buffer, Cancelled);

        Assert.True(buffer.AsSpan().SequenceEqual(disk.AsSpan(512)));
    }

    [Theory]
    [InlineData(511)]
    [InlineData(513)]
    public async Task AReadOfAnotherLengthIsRefused(int bytes)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync(_server, app => app.MapGet(AsrRoutes.DiskPointData, () => Results.Bytes(new byte[bytes])));
        using Client client = Connect(appliance);

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => client.Replication.ReadPointAsync(Disk, Guid.NewGuid(), 0, new byte[512], Cancelled));

        Assert.Equal(AsrErrorCode.ApplianceUnreachable, error.Code);
    }

    [Fact]
    public async Task ThePublishedPointIsRemembered()
    {
        AsrRecoveryPoint point = new() { Id = Guid.NewGuid(), MachineId = _machineId };
        await using TestAppliance appliance = await TestAppliance.StartAsync(
            _server, app => app.MapPost(AsrRoutes.PublishPoint, async (HttpRequest http) =>
                TestAppliance.Json((await http.ReadFromJsonAsync<PublishPointRequest>(AsrJson.Options))!.Point with { MachineName = "web01" })));
        using Client client = Connect(appliance);
        Assert.Null(client.Replication.LastPoint);

        await client.Replication.PublishPointAsync(point, Cancelled);

        Assert.Equal(point.Id, client.Replication.LastPoint?.Id);
        Assert.Equal("web01", client.Replication.LastPoint?.MachineName);
    }

    [Fact]
    public async Task AServerOfAnotherAuthorityIsForeign()
    {
        using TestAuthority other = new();
        Assert.Equal(AsrErrorCode.CertificateForeign, await CodeAgainstAsync(other.IssueServer()));
    }

    [Fact]
    public void AnAgentsCertificateMakesNoServer()
    {
        // Kestrel refuses to serve with such a certificate, so the verdict is asked for directly.
        ApplianceTrust trust = new(_authority.Certificate, TimeProvider.System);
        trust.Require(_server);
        Assert.Equal(AsrErrorCode.CertificateForeign, Assert.Throws<AsrException>(() => trust.Require(_agent)).Code);
    }

    [Fact]
    public async Task AnExpiredServerIsToldFromAForeignOne() => Assert.Equal(
        AsrErrorCode.CertificateExpired, await CodeAgainstAsync(_authority.IssueServer(-TimeSpan.FromDays(30), -TimeSpan.FromDays(1))));

    [Fact]
    public async Task AServerOfTheFutureIsNotValidYet() => Assert.Equal(
        AsrErrorCode.CertificateExpired, await CodeAgainstAsync(_authority.IssueServer(TimeSpan.FromDays(1), TimeSpan.FromDays(2))));

    [Fact]
    public async Task OlderTlsIsNotSpoken() =>
        Assert.Equal(AsrErrorCode.ApplianceUnreachable, await CodeAgainstAsync(_authority.IssueServer(), SslProtocols.Tls12));

    [Fact]
    public async Task AnAbsentApplianceIsUnreachable()
    {
        Uri gone;
        await using (TestAppliance appliance = await TestAppliance.StartAsync(_server, _ => { }))
        {
            gone = appliance.Endpoint;
        }

        using Client client = Connect(gone);
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => client.Replication.GetProgressAsync(Disk, 1, Cancelled));
        Assert.Equal(AsrErrorCode.ApplianceUnreachable, error.Code);
        Assert.Equal(gone.ToString(), error.Target);
    }

    [Fact]
    public async Task ACancelledCallerIsNotTheAppliancesFault()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync(
            _server, app => app.MapFallback(async (HttpContext http) => await Task.Delay(Timeout.Infinite, http.RequestAborted)));
        using Client client = Connect(appliance);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        Task<ShipReceipt> shipping = client.Replication.ShipAsync(Disk, new byte[512], stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => shipping);
    }

    public void Dispose()
    {
        _server.Dispose();
        _agent.Dispose();
        _authority.Dispose();
    }

    private async Task<AsrErrorCode> CodeAgainstAsync(X509Certificate2 server, SslProtocols protocols = SslProtocols.Tls13)
    {
        using (server)
        {
            bool isReached = false;
            await using TestAppliance appliance = await TestAppliance.StartAsync(server, app => app.MapFallback(() => isReached = true), protocols);
            using Client client = Connect(appliance);
            AsrException error = await Assert.ThrowsAsync<AsrException>(() => client.Replication.GetProgressAsync(Disk, 1, Cancelled));
            Assert.False(isReached);
            return error.Code;
        }
    }

    private Client Connect(TestAppliance appliance) => Connect(appliance.Endpoint);

    private Client Connect(Uri endpoint) => new(_authority, new AgentIdentity
    {
        MachineId = _machineId,
        MachineName = "web01",
        ControlEndpoint = endpoint,
        DataEndpoint = endpoint,
        CertificatePem = _agent.ExportCertificatePem(),
        PrivateKeyPem = _agent.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem(),
        AuthorityPem = _authority.Pem,
    });

    private sealed class Client : IDisposable
    {
        private readonly AgentCredentials _credentials;

        public Client(TestAuthority authority, AgentIdentity identity)
        {
            _credentials = new AgentCredentials(identity);
            Replication = new HttpReplication(identity.DataEndpoint, new ApplianceTrust(authority.Certificate, TimeProvider.System), _credentials, TimeProvider.System);
        }

        public HttpReplication Replication { get; }

        public void Dispose()
        {
            Replication.Dispose();
            _credentials.Dispose();
        }
    }
}
