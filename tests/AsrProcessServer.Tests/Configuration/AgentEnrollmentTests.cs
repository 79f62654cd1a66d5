using System;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Tests.Hosting;
using Xunit;

namespace Asr.ProcessServer.Tests.Configuration;

public sealed class AgentEnrollmentTests
{
    [Fact]
    public async Task A_token_gives_a_certificate_that_opens_both_ports()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();

        (Guid machineId, X509Certificate2 certificate) = await appliance.EnrollAgentAsync("web1");

        using HttpClient control = appliance.NewClient(certificate);
        AgentAssignment assignment = await control.GetForAsync<AgentAssignment>(AsrRoutes.AgentAssignment);
        Assert.Equal(appliance.Machines.Assignment.Revision, assignment.Revision);
        using HttpClient data = appliance.NewClient(certificate, appliance.Data);
        ReplicationSession session = await data.PostForAsync<ReplicationSession>(
            AsrRoutes.DiskSessions.Replace("{diskId}", Guid.NewGuid().ToString()), new OpenSessionRequest { Nonce = Guid.NewGuid(), MachineId = machineId, SizeBytes = 1 << 20 });
        Assert.Equal(1, session.Epoch);
    }

    [Fact]
    public async Task A_token_can_be_repeated_with_its_key_and_not_used_with_another()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        string token = await NewTokenAsync(appliance);
        (ECDsa first, string firstPem) = TestAuthority.NewRequest();
        (ECDsa second, string secondPem) = TestAuthority.NewRequest();
        using HttpClient stranger = appliance.NewClient(null);

        EnrollAgentResponse answer = await EnrollAsync(stranger, token, firstPem);
        EnrollAgentResponse repeated = await EnrollAsync(stranger, token, firstPem);
        AsrError error = await HttpClientExtensions.ErrorOfAsync(TryAsync(stranger, token, secondPem), HttpStatusCode.Unauthorized);

        Assert.Equal(answer.MachineId, repeated.MachineId);
        Assert.Equal(AsrErrorCode.TokenInvalid, error.Code);
        first.Dispose();
        second.Dispose();
    }

    [Fact]
    public async Task Of_many_that_race_for_a_token_one_wins()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        string token = await NewTokenAsync(appliance);
        using HttpClient stranger = appliance.NewClient(null);

        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TryAsync(stranger, token, TestAuthority.NewRequest().Pem)));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.Equal(7, answers.Count(answer => answer.StatusCode == HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task An_expired_token_is_refused()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        string token = await NewTokenAsync(appliance, hours: 1);
        appliance.Time.Advance(TimeSpan.FromHours(1));

        AsrError error = await HttpClientExtensions.ErrorOfAsync(TryAsync(appliance.NewClient(null), token, TestAuthority.NewRequest().Pem), HttpStatusCode.Unauthorized);

        Assert.Equal(AsrErrorCode.TokenInvalid, error.Code);
    }

    [Fact]
    public async Task Garbage_and_made_up_tokens_are_refused()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        EnrollmentToken real = EnrollmentToken.Parse(await NewTokenAsync(appliance));
        string unknown = (real with { Id = Guid.NewGuid() }).Encode();
        string falseSecret = (real with { Secret = RandomNumberGenerator.GetBytes(32) }).Encode();
        using HttpClient stranger = appliance.NewClient(null);

        foreach (string token in new[] { "", "garbage", new string('x', 5_000), unknown, falseSecret })
        {
            AsrError error = await HttpClientExtensions.ErrorOfAsync(TryAsync(stranger, token, TestAuthority.NewRequest().Pem), HttpStatusCode.Unauthorized);
            Assert.Equal(AsrErrorCode.TokenInvalid, error.Code);
        }
    }

    [Fact]
    public async Task Only_a_signed_request_for_a_P256_key_is_taken_and_a_bad_one_does_not_cost_the_token()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        string token = await NewTokenAsync(appliance);
        using RSA rsa = RSA.Create(2048);
        string good = TestAuthority.NewRequest().Pem;
        string[] bad =
        [
            "",
            "garbage",
            new CertificateRequest("CN=x", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem(),
            TestAuthority.NewRequest(ECCurve.NamedCurves.nistP384).Pem,
            WithBrokenSignature(good),
        ];
        using HttpClient stranger = appliance.NewClient(null);

        foreach (string pem in bad)
        {
            AsrError error = await HttpClientExtensions.ErrorOfAsync(TryAsync(stranger, token, pem), HttpStatusCode.BadRequest);
            Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
        }

        Assert.NotEqual(Guid.Empty, (await EnrollAsync(stranger, token, good)).MachineId);
    }

    [Fact]
    public async Task A_fresh_token_replaces_a_silent_agent_and_not_one_that_reports()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        (Guid machineId, _) = await appliance.EnrollAgentAsync("web1");
        (Guid again, _) = await appliance.EnrollAgentAsync("WEB1");
        Assert.Equal(machineId, again);

        appliance.Machines.Set(await appliance.Machines.GetAsync(machineId, TestAppliance.Stop) with { AgentConnected = true });
        string token = await NewTokenAsync(appliance);
        AsrError error = await HttpClientExtensions.ErrorOfAsync(TryAsync(appliance.NewClient(null), token, TestAuthority.NewRequest().Pem), HttpStatusCode.Conflict);
        Assert.Equal(AsrErrorCode.AlreadyExists, error.Code);
    }

    [Fact]
    public async Task An_agent_that_names_its_former_machine_must_mean_that_one()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        (Guid other, _) = await appliance.EnrollAgentAsync("db1");
        string token = await NewTokenAsync(appliance);
        using HttpClient stranger = appliance.NewClient(null);

        Assert.Equal(AsrErrorCode.InvalidArgument, (await HttpClientExtensions.ErrorOfAsync(TryAsync(stranger, token, TestAuthority.NewRequest().Pem, other), HttpStatusCode.BadRequest)).Code);
        Assert.Equal(AsrErrorCode.NotFound, (await HttpClientExtensions.ErrorOfAsync(TryAsync(stranger, token, TestAuthority.NewRequest().Pem, Guid.NewGuid()), HttpStatusCode.NotFound)).Code);
    }

    [Fact]
    public async Task An_agent_renews_its_certificate_with_it()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        (Guid machineId, X509Certificate2 certificate) = await appliance.EnrollAgentAsync("web1");
        (ECDsa key, string pem) = TestAuthority.NewRequest();
        using HttpClient agent = appliance.NewClient(certificate);

        EnrollAgentResponse renewed = await agent.PostForAsync<EnrollAgentResponse>(AsrRoutes.AgentCertificate, new RenewAgentCertificateRequest { CertificateRequestPem = pem });

        Assert.Equal(machineId, renewed.MachineId);
        using HttpClient after = appliance.NewClient(TestAuthority.WithKey(renewed.CertificatePem, key));
        Assert.NotNull(await after.GetForAsync<AgentAssignment>(AsrRoutes.AgentAssignment));
        key.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(169)]
    public async Task A_token_lives_1_to_168_hours(int hours)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();

        AsrError error = await HttpClientExtensions.ErrorOfAsync(alice.PostAsync($"{AsrRoutes.Tokens}?hours={hours}", null, TestAppliance.Stop), HttpStatusCode.BadRequest);

        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
    }

    private static async Task<string> NewTokenAsync(TestAppliance appliance, int hours = 24)
    {
        using HttpClient alice = await appliance.NewOperatorAsync();
        return (await alice.PostForAsync<AsrEnrollmentToken>($"{AsrRoutes.Tokens}?hours={hours}", null)).Token;
    }

    private static Task<EnrollAgentResponse> EnrollAsync(HttpClient client, string token, string pem) => client.PostForAsync<EnrollAgentResponse>(
        AsrRoutes.EnrollAgent, new EnrollAgentRequest { Token = token, MachineName = "web1", CertificateRequestPem = pem });

    private static Task<HttpResponseMessage> TryAsync(HttpClient client, string token, string pem, Guid? machineId = null) => client.PostAsJsonAsync(
        AsrRoutes.EnrollAgent, new EnrollAgentRequest { Token = token, MachineName = "web1", MachineId = machineId, CertificateRequestPem = pem }, AsrJson.Options, TestAppliance.Stop);

    private static string WithBrokenSignature(string pem)
    {
        PemFields fields = PemEncoding.Find(pem);
        byte[] der = Convert.FromBase64String(pem[fields.Base64Data]);
        der[^1] ^= 1;
        return PemEncoding.WriteString("CERTIFICATE REQUEST", der);
    }
}
