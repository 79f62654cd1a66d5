using System;
using System.Net;
using System.Net.Http;
using System.Net.Http.Json;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Tests.Hosting;
using Asr.ProcessServer.Tests.Hosting.Doubles;
using Xunit;

namespace Asr.ProcessServer.Tests.Configuration;

public sealed class OperatorEnrollmentTests
{
    [Fact]
    public async Task The_passphrase_gives_a_certificate_that_opens_the_control_port()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();

        AsrAppliance self = await alice.GetForAsync<AsrAppliance>(AsrRoutes.Appliance);

        Assert.Equal(appliance.Vault.Description.Id, self.VaultId);
        Assert.Equal(appliance.Control, new Uri(self.ControlEndpoint));
        Assert.Equal(appliance.Data, new Uri(self.DataEndpoint));
        Assert.Equal(appliance.Vault.Description.AuthorityFingerprint, self.AuthorityFingerprint);
        Assert.Equal(Environment.ProcessId, self.ProcessId);
        Assert.Equal(appliance.Vault.SpoolBytes, self.SpoolBytes);
    }

    [Fact]
    public async Task A_wrong_passphrase_is_refused()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient stranger = appliance.NewClient(null);

        AsrError error = await HttpClientExtensions.ErrorOfAsync(TryAsync(stranger, "wrong"), HttpStatusCode.Unauthorized);

        Assert.Equal(AsrErrorCode.WrongPassphrase, error.Code);
    }

    [Fact]
    public async Task After_too_many_failures_even_the_right_passphrase_waits()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient stranger = appliance.NewClient(null);
        for (int i = 0; i < FailedAttempts.CountMax; i++)
        {
            Assert.Equal(AsrErrorCode.WrongPassphrase, (await HttpClientExtensions.ErrorOfAsync(TryAsync(stranger, "wrong"), HttpStatusCode.Unauthorized)).Code);
        }

        AsrError error = await HttpClientExtensions.ErrorOfAsync(TryAsync(stranger, FixedPassphrase.Right), HttpStatusCode.TooManyRequests);
        Assert.Equal(AsrErrorCode.TooManyAttempts, error.Code);

        appliance.Time.Advance(FailedAttempts.Window);
        using HttpResponseMessage later = await TryAsync(stranger, FixedPassphrase.Right);
        Assert.Equal(HttpStatusCode.OK, later.StatusCode);
    }

    [Fact]
    public async Task Successes_are_not_limited()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient stranger = appliance.NewClient(null);
        for (int i = 0; i < FailedAttempts.CountMax + 2; i++)
        {
            using HttpResponseMessage response = await TryAsync(stranger, FixedPassphrase.Right);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("line\nbreak")]
    public async Task A_bad_user_name_is_refused(string userName)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient stranger = appliance.NewClient(null);

        AsrError error = await HttpClientExtensions.ErrorOfAsync(TryAsync(stranger, FixedPassphrase.Right, userName), HttpStatusCode.BadRequest);

        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
    }

    [Fact]
    public async Task A_user_name_cannot_write_itself_another_role()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient mallory = await appliance.NewOperatorAsync($"{Guid.NewGuid():d}, OU=agent");

        AsrError error = await HttpClientExtensions.ErrorOfAsync(mallory.GetAsync(AsrRoutes.AgentAssignment, TestAppliance.Stop), HttpStatusCode.Forbidden);

        Assert.Equal(AsrErrorCode.Forbidden, error.Code);
    }

    private static Task<HttpResponseMessage> TryAsync(HttpClient client, string passphrase, string userName = "alice") => client.PostAsJsonAsync(
        AsrRoutes.EnrollOperator, new EnrollOperatorRequest { Passphrase = passphrase, UserName = userName }, AsrJson.Options, TestAppliance.Stop);
}
