using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text.Json;
using System.Threading.Tasks;
using Asr.Contracts;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>Immutable points against everything that an operator with the passphrase can send to the real appliance.</summary>
public sealed class ImmutabilityTests
{
    private const string Policy = "sealed";

    [Fact]
    public async Task No_request_removes_or_shortens_an_immutable_point()
    {
        await using DrSite site = await DrSite.StartAsync();
        await Eventually.SeeAsync("the disk to be offered", site.MachineAsync, machine => machine.Disks.Count == 1);
        AsrReplicationPolicy policy = await site.Operator.CreatePolicyAsync(
            new AsrReplicationPolicy { Name = Policy, CrashConsistentFrequencySeconds = 1, ImmutableFor = TimeSpan.FromHours(1) });
        await site.RunAsync(new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = Policy });
        string source = await site.HashSourceAsync();
        await site.PointAfterNowAsync();
        Dictionary<Guid, DateTimeOffset?> points = await WindowsAsync(site);
        Assert.All(points.Values, until => Assert.True(until > TimeProvider.System.GetUtcNow().AddMinutes(50)));

        // What the contract does not have: a way to remove or to replace a point, its data or its machine.
        string machine = AsrRoutes.Machine.Replace("{machineId}", site.MachineId.ToString(), StringComparison.Ordinal);
        Guid target = points.Keys.First();
        string point = AsrRoutes.MachinePoint.Replace("{machineId}", site.MachineId.ToString(), StringComparison.Ordinal).Replace("{pointId}", target.ToString(), StringComparison.Ordinal);
        string forged = $$"""{"id":"{{target}}","machineId":"{{site.MachineId}}","immutableUntil":"2001-01-01T00:00:00Z","pinned":false}""";
        Guid diskId = (await site.MachineAsync()).Disks[0].Id;
        foreach (HttpMethod method in new[] { HttpMethod.Delete, HttpMethod.Put, HttpMethod.Post, HttpMethod.Patch })
        {
            foreach (string path in new[] { machine, machine + "/points", $"/v1/disks/{diskId}", $"/v1/disks/{diskId}/points/{target}", AsrRoutes.PublishPoint })
            {
                await RefusedAsync(site, method, path, forged);
            }
        }

        foreach (HttpMethod method in new[] { HttpMethod.Delete, HttpMethod.Put, HttpMethod.Post })
        {
            await RefusedAsync(site, method, point, forged);
        }

        // What it has changes other things of a point: a field that is not one of its own is refused or without effect.
        await site.Operator.TryAsync(HttpMethod.Patch, point, forged);
        await KeptAsync(site, points);

        // A policy that would let all go at once counts for later points.
        AsrReplicationPolicy weak = policy with { ImmutableFor = TimeSpan.Zero, RetentionTiers = RetentionTier.EveryPoint(TimeSpan.FromSeconds(1)) };
        string policyPath = AsrRoutes.Policy.Replace("{name}", Policy, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await site.Operator.TryAsync(HttpMethod.Put, policyPath, JsonSerializer.Serialize(weak, AsrJson.Options)));
        await RefusedAsync(site, HttpMethod.Delete, policyPath);
        await site.PointAfterNowAsync();
        await KeptAsync(site, points);

        // Disabled, asked to be disabled again, the policy removed, the appliance stopped and started: they are there, and whole.
        await site.RunAsync(MachineOperation.DisableReplication);
        await KeptAsync(site, points);
        string disable = JsonSerializer.Serialize(new OperationRequest { RequestId = Guid.NewGuid(), Operation = MachineOperation.DisableReplication }, AsrJson.Options);
        await site.Operator.TryAsync(HttpMethod.Post, machine + "/operations", disable);
        await Eventually.SeeAsync("the machine at rest", site.MachineAsync, seen => seen.State == MachineState.Disabled);
        await site.Operator.TryAsync(HttpMethod.Delete, policyPath);
        await site.KillApplianceAsync();
        await site.StartApplianceAsync();
        await KeptAsync(site, points);
        foreach (Guid kept in points.Keys.Order().Take(2))
        {
            await site.RequireDrillEqualsSourceAsync(kept);
        }

        Assert.Equal(source, await site.HashSourceAsync());
    }

    private static async Task<Dictionary<Guid, DateTimeOffset?>> WindowsAsync(DrSite site) =>
        (await site.Operator.GetPointsAsync(site.MachineId)).ToDictionary(point => point.Id, point => point.ImmutableUntil);

    private static async Task RefusedAsync(DrSite site, HttpMethod method, string path, string? json = null)
    {
        int status = (int)await site.Operator.TryAsync(method, path, json);
        Assert.True(status is >= 400 and < 500, string.Create(CultureInfo.InvariantCulture, $"{method} {path}: {status}"));
    }

    private static async Task KeptAsync(DrSite site, Dictionary<Guid, DateTimeOffset?> points)
    {
        Dictionary<Guid, DateTimeOffset?> now = await WindowsAsync(site);
        Assert.All(points, known => Assert.Equal(known.Value, now.GetValueOrDefault(known.Key)));
    }
}
