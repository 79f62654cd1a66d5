using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Asr.Agent.Enrollment;
using Asr.Agent.State;
using Asr.Agent.Tests.Doubles;
using Asr.Contracts;
using Asr.Tests.Shared;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Asr.Agent.Tests.Enrollment;

public sealed class AgentEnrollmentTests : IDisposable
{
    private const string DataEndpoint = "https://127.0.0.1:9443/";

    private readonly TemporaryFolder _temporary = new();
    private readonly TestAuthority _authority = new();
    private readonly List<EnrollAgentRequest> _received = [];
    private readonly Guid _machineId = Guid.NewGuid();

    [Fact]
    public async Task StoresAnIdentityOnlyItsOwnerCanRead()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix file modes.");
        await using TestAppliance appliance = await StartAsync(_authority);
        StateFolder folder = StateFolder.OpenOrCreate(_temporary.At("state"));
        string token = _authority.NewToken();

        AgentIdentity identity = await EnrollAsync(folder, appliance, token, "web01");

        AgentIdentity stored = AgentIdentity.Load(folder);
        Assert.Equal(identity, stored);
        Assert.Equal(_machineId, stored.MachineId);
        Assert.Equal("web01", stored.MachineName);
        Assert.Equal(new Uri(DataEndpoint), stored.DataEndpoint);
        using X509Certificate2 certificate = stored.OpenCertificate();
        Assert.True(certificate.HasPrivateKey);
        Assert.Equal(token, Assert.Single(_received).Token);
#pragma warning disable CA1416 // Skipped on Windows above.
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.IdentityFile));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder.Path));
#pragma warning restore CA1416
        Assert.Equal([folder.IdentityFile], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public async Task AnotherAuthorityNeverSeesTheSecret()
    {
        using TestAuthority other = new();
        await using TestAppliance appliance = await StartAsync(other);
        StateFolder folder = StateFolder.OpenOrCreate(_temporary.At("state"));

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => EnrollAsync(folder, appliance, _authority.NewToken()));

        Assert.Equal(AsrErrorCode.CertificateForeign, error.Code);
        Assert.Empty(_received);
        Assert.Null(AgentIdentity.TryLoad(folder));
    }

    [Fact]
    public async Task ServerThatOnlyClaimsTheAuthorityNeverSeesTheSecret()
    {
        // It sends the true authority's certificate, which is public, but its own is of another.
        using TestAuthority other = new();
        using X509Certificate2 server = other.IssueServer();
        await using TestAppliance appliance = await StartAsync(_authority, server);
        StateFolder folder = StateFolder.OpenOrCreate(_temporary.At("state"));

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => EnrollAsync(folder, appliance, _authority.NewToken()));

        Assert.Equal(AsrErrorCode.CertificateForeign, error.Code);
        Assert.Empty(_received);
    }

    [Fact]
    public async Task TheAppliancesRefusalIsPassedOn()
    {
        await using TestAppliance appliance = await StartAsync(
            _authority, answer: _ => TestAppliance.Refuse(AsrErrorCode.TokenInvalid, "The token is used up.", StatusCodes.Status401Unauthorized));
        StateFolder folder = StateFolder.OpenOrCreate(_temporary.At("state"));

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => EnrollAsync(folder, appliance, _authority.NewToken()));

        Assert.Equal(AsrErrorCode.TokenInvalid, error.Code);
        Assert.Equal("The token is used up.", error.Message);
        Assert.Null(AgentIdentity.TryLoad(folder));
    }

    [Fact]
    public async Task ALostAnswerIsAskedForWithTheSameKey()
    {
        bool isFirst = true;
        await using TestAppliance appliance = await StartAsync(_authority, answer: request =>
        {
            bool loses = isFirst;
            isFirst = false;
            return loses ? Results.StatusCode(StatusCodes.Status502BadGateway) : Grant(request);
        });
        StateFolder folder = StateFolder.OpenOrCreate(_temporary.At("state"));
        string token = _authority.NewToken();

        await Assert.ThrowsAsync<AsrException>(() => EnrollAsync(folder, appliance, token));
        await EnrollAsync(folder, appliance, token);

        Assert.Equal(2, _received.Count);
        Assert.Equal(KeyOf(_received[0]), KeyOf(_received[1]));
    }

    [Fact]
    public async Task TheSameMachineMayEnrollAgain()
    {
        await using TestAppliance appliance = await StartAsync(_authority);
        StateFolder folder = StateFolder.OpenOrCreate(_temporary.At("state"));
        await EnrollAsync(folder, appliance, _authority.NewToken(), "web01");

        AgentIdentity again = await EnrollAsync(folder, appliance, _authority.NewToken());

        Assert.Equal("web01", again.MachineName);
        Assert.Null(_received[0].MachineId);
        Assert.Equal(_machineId, _received[1].MachineId);
        Assert.NotEqual(KeyOf(_received[0]), KeyOf(_received[1]));
    }

    [Fact]
    public async Task AnotherMachineMayNotTakeTheFolder()
    {
        await using TestAppliance appliance = await StartAsync(_authority);
        StateFolder folder = StateFolder.OpenOrCreate(_temporary.At("state"));
        AgentIdentity first = await EnrollAsync(folder, appliance, _authority.NewToken(), "web01");

        AsrException name = await Assert.ThrowsAsync<AsrException>(() => EnrollAsync(folder, appliance, _authority.NewToken(), "web02"));
        using TestAuthority other = new();
        AsrException vault = await Assert.ThrowsAsync<AsrException>(() => EnrollAsync(folder, appliance, other.NewToken()));

        Assert.Equal(AsrErrorCode.AlreadyExists, name.Code);
        Assert.Equal(AsrErrorCode.AlreadyExists, vault.Code);
        Assert.Equal(first, AgentIdentity.Load(folder));
        Assert.Single(_received);
    }

    [Fact]
    public async Task AnAnswerForAnotherKeyOrMachineIsNotStored()
    {
        using AgentKey otherKey = AgentKey.Create();
        Guid otherMachine = Guid.NewGuid();
        int asked = 0;
        await using TestAppliance appliance = await StartAsync(_authority, answer: request => asked++ switch
        {
            0 => Grant(request with { CertificateRequestPem = otherKey.CreateRequestPem("x") }),
            1 => Grant(request),
            _ => Grant(request, otherMachine),
        });
        StateFolder folder = StateFolder.OpenOrCreate(_temporary.At("state"));

        AsrException key = await Assert.ThrowsAsync<AsrException>(() => EnrollAsync(folder, appliance, _authority.NewToken()));
        Assert.Null(AgentIdentity.TryLoad(folder));
        AgentIdentity stored = await EnrollAsync(folder, appliance, _authority.NewToken());
        AsrException machine = await Assert.ThrowsAsync<AsrException>(() => EnrollAsync(folder, appliance, _authority.NewToken()));

        Assert.Equal(AsrErrorCode.Internal, key.Code);
        Assert.Equal(AsrErrorCode.AlreadyExists, machine.Code);
        Assert.Equal(stored, AgentIdentity.Load(folder));
    }

    public void Dispose()
    {
        _authority.Dispose();
        _temporary.Dispose();
    }

    private static Task<AgentIdentity> EnrollAsync(StateFolder folder, TestAppliance appliance, string token, string? name = null) =>
        new AgentEnrollment(folder, TimeProvider.System).EnrollAsync(appliance.Endpoint, token, name, TestContext.Current.CancellationToken);

    private static byte[] KeyOf(EnrollAgentRequest request) =>
        CertificateRequest.LoadSigningRequestPem(request.CertificateRequestPem, HashAlgorithmName.SHA256).PublicKey.ExportSubjectPublicKeyInfo();

    private async Task<TestAppliance> StartAsync(TestAuthority authority, X509Certificate2? server = null, Func<EnrollAgentRequest, IResult>? answer = null) =>
        await TestAppliance.StartAsync(server ?? authority.IssueServer(), app =>
        {
            app.MapGet(AsrRoutes.Authority, () => Results.Text(authority.Pem));
            app.MapPost(AsrRoutes.EnrollAgent, async (HttpRequest http) =>
            {
                EnrollAgentRequest request = (await http.ReadFromJsonAsync<EnrollAgentRequest>(AsrJson.Options))!;
                _received.Add(request);
                return (answer ?? (granted => Grant(granted)))(request);
            });
        });

    private IResult Grant(EnrollAgentRequest request, Guid? machineId = null)
    {
        Guid id = machineId ?? _machineId;
        using X509Certificate2 certificate = _authority.Sign(request.CertificateRequestPem, id);
        return TestAppliance.Json(new EnrollAgentResponse
        {
            MachineId = id,
            CertificatePem = certificate.ExportCertificatePem(),
            AuthorityPem = _authority.Pem,
            DataEndpoint = DataEndpoint,
        });
    }
}
