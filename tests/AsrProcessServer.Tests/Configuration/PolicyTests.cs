using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Json;
using System.Text;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Tests.Hosting;
using Asr.ProcessServer.Tests.Hosting.Doubles;
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

        Assert.Equivalent(first, await alice.PutForAsync("/v1/policies/gold?create=true", gold), strict: true);
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
            ("ImmutableFor", good with { ImmutableFor = TimeSpan.FromHours(25) }),
            ("ImmutableFor", good with { ImmutableFor = TimeSpan.FromTicks(1) }),
            ("ImmutableFor", good with { ImmutableFor = TimeSpan.FromHours(-1) }),
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
            RpoThresholdSeconds = 86_400, RetentionTiers = RetentionTier.EveryPoint(TimeSpan.FromDays(15)), ImmutableFor = TimeSpan.FromDays(15), CrashConsistentFrequencySeconds = 43_200,
        };
        Assert.Equal(43_200, (await alice.PutForAsync("/v1/policies/p", edge)).CrashConsistentFrequencySeconds);
    }

    [Theory]
    [InlineData("must be 1 to 8 tiers")]
    [InlineData("a tier 1 (every 00:00:00 for 00:00:00) that must reach further", "0:0", "0:0")]
    [InlineData("a tier 1 (every 00:00:00 for 16.00:00:00) that must reach further than 00:00:00 and no further than 15.00:00:00", "0:0", "16.0:0")]
    [InlineData("a tier 1 (every 03:00:00 for 02:00:00) that is too short", "3:0", "2:0")]
    [InlineData("a tier 2 (every 01:00:00 for 02:00:00) that must reach further than 02:00:00", "0:0", "2:0", "1:0", "2:0")]
    [InlineData("a tier 2 (every 00:00:00 for 1.00:00:00) that must be sparser", "0:0", "2:0", "0:0", "1.0:0")]
    [InlineData("a tier 3 (every 03:00:00 for 7.00:00:00) that must be sparser than the tier before it, by a multiple of its 02:00:00", "0:0", "2:0", "2:0", "1.0:0", "3:0", "7.0:0")]
    [InlineData("a tier 1 (every 00:00:00.5000000 for 02:00:00) whose times are not whole seconds", "0:0:0.5", "2:0")]
    [InlineData("a tier 1 (every -01:00:00 for 02:00:00) whose times", "-1:0", "2:0")]
    public async Task A_broken_tier_is_named(string fault, params string[] times)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();

        AsrError error = await HttpClientExtensions.ErrorOfAsync(
            PutAsync(alice, "/v1/policies/p", new AsrReplicationPolicy { Name = "p", RetentionTiers = TiersOf(times) }), HttpStatusCode.BadRequest);

        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
        Assert.Contains("RetentionTiers of policy 'p'", error.Message, StringComparison.Ordinal);
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "0:0", "2:0", "1:0", "1.0:0")]
    [InlineData(3, "0:0", "2:0", "2:0", "3.0:0")]
    [InlineData(7, "0:0", "2:0", "2:0", "7.0:0")]
    [InlineData(15, "0:0", "2:0", "2:0", "7.0:0", "4:0", "15.0:0")]
    public async Task The_preset_is_the_table_of_the_original(int days, params string[] times)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        IReadOnlyList<RetentionTier> tiers = RetentionTier.Azure(TimeSpan.FromDays(days));

        AsrReplicationPolicy stored = await alice.PutForAsync("/v1/policies/p", new AsrReplicationPolicy { Name = "p", RetentionTiers = tiers });

        Assert.Equal(TiersOf(times), stored.RetentionTiers);
        Assert.Equal((TimeSpan.FromDays(days), TimeSpan.FromHours(2)), (stored.Retention, stored.ContinuousWindow));
    }

    [Fact]
    public void Only_a_first_tier_that_keeps_every_point_is_continuous()
    {
        Assert.Equal(TimeSpan.FromHours(24), new AsrReplicationPolicy().ContinuousWindow);
        Assert.Equal(TimeSpan.Zero, new AsrReplicationPolicy { RetentionTiers = TiersOf("1:0", "1.0:0") }.ContinuousWindow);
    }

    [Fact]
    public async Task A_document_from_before_there_were_tiers_keeps_its_meaning()
    {
        MemoryCatalog catalog = new();
        byte[] former = Encoding.UTF8.GetBytes("""{ "name": "Old", "rpoThresholdSeconds": 60, "recoveryPointRetentionSeconds": 432000, "crashConsistentFrequencySeconds": 30, "isFailbackPolicy": false, "failbackPolicyName": "Old-failback" }""");
        await catalog.WriteAsync("policies", "old", former, null, TestAppliance.Stop);
        PolicyStore store = new(catalog);

        AsrReplicationPolicy old = await store.GetAsync("old", TestAppliance.Stop);
        Assert.Equal(TiersOf("0:0", "5.0:0"), old.RetentionTiers);
        Assert.Equal((60, 30, TimeSpan.Zero), (old.RpoThresholdSeconds, old.CrashConsistentFrequencySeconds, old.ImmutableFor));
        Assert.Equal(TimeSpan.FromDays(5), (await store.GetAsync("old-failback", TestAppliance.Stop)).Retention);

        await store.PutAsync(old with { RpoThresholdSeconds = 90 }, create: false, TestAppliance.Stop);
        Assert.Equal((TimeSpan.FromDays(5), 90), ((await store.GetAsync("old", TestAppliance.Stop)).Retention, (await store.GetAsync("old", TestAppliance.Stop)).RpoThresholdSeconds));
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

    /// <summary>Tiers from pairs of times: every, for.</summary>
    private static RetentionTier[] TiersOf(params string[] times) =>
        [.. times.Chunk(2).Select(pair => new RetentionTier { Every = TimeSpan.Parse(pair[0], CultureInfo.InvariantCulture), For = TimeSpan.Parse(pair[1], CultureInfo.InvariantCulture) })];

    private static Task<HttpResponseMessage> PutAsync(HttpClient client, string path, AsrReplicationPolicy policy) =>
        client.PutAsJsonAsync(path, policy, AsrJson.Options, TestAppliance.Stop);
}
