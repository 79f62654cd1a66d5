using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Json;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Tests.Hosting;
using Xunit;

namespace Asr.ProcessServer.Tests.Configuration;

public sealed class PolicyTests
{
    [Fact]
    public async Task A_policy_is_made_with_its_failback_policy_changed_and_removed_with_it()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();

        AsrReplicationPolicy gold = await alice.PutForAsync("/v1/policies/Gold?create=true", new AsrReplicationPolicy { Name = "Gold", CrashConsistentFrequencySeconds = 1 });
        Assert.Equal("Gold-failback", gold.FailbackPolicyName);
        AsrReplicationPolicy failback = await alice.GetForAsync<AsrReplicationPolicy>("/v1/policies/gold-FAILBACK");
        Assert.True(failback.IsFailbackPolicy);
        Assert.Equal(1, failback.CrashConsistentFrequencySeconds);

        await alice.PutForAsync("/v1/policies/gold", gold with { Name = "gold", CrashConsistentFrequencySeconds = 60 });
        List<AsrReplicationPolicy> all = await alice.GetForAsync<List<AsrReplicationPolicy>>(AsrRoutes.Policies);
        Assert.Equal(["Gold", "Gold-failback"], all.Select(policy => policy.Name));
        Assert.All(all, policy => Assert.Equal(60, policy.CrashConsistentFrequencySeconds));
        Assert.Equal([1, 60], appliance.Machines.ChangedPolicies.Select(policy => policy.CrashConsistentFrequencySeconds));

        using HttpResponseMessage removed = await alice.DeleteAsync("/v1/policies/GOLD", TestAppliance.Stop);
        using HttpResponseMessage repeated = await alice.DeleteAsync("/v1/policies/GOLD", TestAppliance.Stop);
        Assert.Equal([HttpStatusCode.NoContent, HttpStatusCode.NoContent], [removed.StatusCode, repeated.StatusCode]);
        Assert.Equal(AsrErrorCode.NotFound, (await HttpClientExtensions.ErrorOfAsync(alice.GetAsync("/v1/policies/gold-failback", TestAppliance.Stop), HttpStatusCode.NotFound)).Code);
    }

    [Fact]
    public async Task Creating_twice_is_harmless_only_with_the_same_values()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        AsrReplicationPolicy gold = new() { Name = "gold" };
        AsrReplicationPolicy first = await alice.PutForAsync("/v1/policies/gold?create=true", gold);

        Assert.Equal(first, await alice.PutForAsync("/v1/policies/gold?create=true", gold));
        AsrError error = await HttpClientExtensions.ErrorOfAsync(PutAsync(alice, "/v1/policies/gold?create=true", gold with { RpoThresholdSeconds = 5 }), HttpStatusCode.Conflict);
        Assert.Equal(AsrErrorCode.AlreadyExists, error.Code);
    }

    [Fact]
    public async Task A_used_policy_stays()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        await alice.PutForAsync("/v1/policies/gold", new AsrReplicationPolicy { Name = "gold" });

        foreach (string used in new[] { "Gold", "gold-failback" })
        {
            appliance.Machines.Set(new AsrReplicatedMachine { Id = new Guid(1, 0, 0, new byte[8]), Name = "web1", PolicyName = used });
            AsrError error = await HttpClientExtensions.ErrorOfAsync(alice.DeleteAsync("/v1/policies/gold", TestAppliance.Stop), HttpStatusCode.Conflict);
            Assert.Equal(AsrErrorCode.InUse, error.Code);
            Assert.Contains("web1", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_broken_bound_is_named()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        AsrReplicationPolicy good = new() { Name = "p" };
        (string Field, AsrReplicationPolicy Policy)[] broken =
        [
            ("RpoThresholdSeconds", good with { RpoThresholdSeconds = 0 }),
            ("RpoThresholdSeconds", good with { RpoThresholdSeconds = 86_401 }),
            ("RecoveryPointRetentionSeconds", good with { RecoveryPointRetentionSeconds = 0 }),
            ("RecoveryPointRetentionSeconds", good with { RecoveryPointRetentionSeconds = (15 * 86_400) + 1 }),
            ("CrashConsistentFrequencySeconds", good with { CrashConsistentFrequencySeconds = 0 }),
            ("CrashConsistentFrequencySeconds", good with { CrashConsistentFrequencySeconds = 43_201 }),
        ];

        foreach ((string field, AsrReplicationPolicy policy) in broken)
        {
            AsrError error = await HttpClientExtensions.ErrorOfAsync(PutAsync(alice, "/v1/policies/p", policy), HttpStatusCode.BadRequest);
            Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
            Assert.Contains(field, error.Message, StringComparison.Ordinal);
        }

        AsrReplicationPolicy edge = good with
        {
            RpoThresholdSeconds = 86_400, RecoveryPointRetentionSeconds = 15 * 86_400, CrashConsistentFrequencySeconds = 43_200,
        };
        Assert.Equal(43_200, (await alice.PutForAsync("/v1/policies/p", edge)).CrashConsistentFrequencySeconds);
    }

    [Theory]
    [InlineData("a b")]
    [InlineData(".hidden")]
    [InlineData("x%2Fy")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public async Task Names_are_bounded(string name)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();

        AsrError error = await HttpClientExtensions.ErrorOfAsync(
            PutAsync(alice, $"/v1/policies/{name}", new AsrReplicationPolicy { Name = name }), HttpStatusCode.BadRequest);

        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
    }

    [Fact]
    public async Task A_failback_policy_is_not_changed_by_itself()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();

        AsrError put = await HttpClientExtensions.ErrorOfAsync(PutAsync(alice, "/v1/policies/gold-failback", new AsrReplicationPolicy { Name = "gold-failback" }), HttpStatusCode.Conflict);
        AsrError delete = await HttpClientExtensions.ErrorOfAsync(alice.DeleteAsync("/v1/policies/gold-failback", TestAppliance.Stop), HttpStatusCode.Conflict);

        Assert.Equal([AsrErrorCode.OperationNotAllowed, AsrErrorCode.OperationNotAllowed], [put.Code, delete.Code]);
    }

    private static Task<HttpResponseMessage> PutAsync(HttpClient client, string path, AsrReplicationPolicy policy) =>
        client.PutAsJsonAsync(path, policy, AsrJson.Options, TestAppliance.Stop);
}
