using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Json;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Asr.ProcessServer.Tests.Configuration;

/// <summary>Recovery points over REST: reading all of them page by page, pinning and naming.</summary>
public sealed class RecoveryPointTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Guid MachineId = Guid.NewGuid();

    [Fact]
    public async Task Points_are_read_page_by_page()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        AsrRecoveryPoint[] points = AddPoints(appliance, 5);

        List<AsrRecoveryPoint> first = await alice.GetForAsync<List<AsrRecoveryPoint>>($"/v1/machines/{MachineId}/points?top=2");
        List<AsrRecoveryPoint> next = await alice.GetForAsync<List<AsrRecoveryPoint>>(
            $"/v1/machines/{MachineId}/points?top=2&until={Uri.EscapeDataString(first[^1].Time.ToString("o"))}");

        Assert.Equal([points[4].Id, points[3].Id], first.Select(point => point.Id));
        Assert.Equal([points[3].Id, points[2].Id], next.Select(point => point.Id));
        AsrError error = await HttpClientExtensions.ErrorOfAsync(
            alice.GetAsync($"/v1/machines/{MachineId}/points?until=yesterday", TestAppliance.Stop), HttpStatusCode.BadRequest);
        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
    }

    [Fact]
    public async Task A_point_is_pinned_and_named_and_an_event_tells_who_did_it()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        AsrRecoveryPoint point = AddPoints(appliance, 1)[0];

        AsrRecoveryPoint pinned = await alice.PatchForAsync<AsrRecoveryPoint>(PathOf(point.Id), new RecoveryPointChange { Pinned = true });
        AsrRecoveryPoint named = await alice.PatchForAsync<AsrRecoveryPoint>(PathOf(point.Id), new RecoveryPointChange { Name = "before upgrade" });

        Assert.Equal((true, null), (pinned.Pinned, pinned.Name));
        Assert.Equal((true, "before upgrade"), (named.Pinned, named.Name));
        AsrEvent told = (await appliance.App.Services.GetRequiredService<IEventLog>().ListAsync(1, TestAppliance.Stop))[0];
        Assert.Equal("RecoveryPointChanged", told.Code);
        Assert.Contains("is pinned and has the name 'before upgrade'", told.Message, StringComparison.Ordinal);
        Assert.Contains("alice", told.Message, StringComparison.Ordinal);
        AsrError error = await HttpClientExtensions.ErrorOfAsync(PatchAsync(alice, PathOf(Guid.NewGuid()), "x"), HttpStatusCode.NotFound);
        Assert.Equal(AsrErrorCode.NotFound, error.Code);
    }

    [Theory]
    [InlineData("latest")]
    [InlineData("LatestAppConsistent")]
    [InlineData("2026-03-01 14:05")]
    [InlineData("6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a")]
    [InlineData(" x")]
    [InlineData("x\ty")]
    [InlineData("0123456789 0123456789 0123456789 0123456789 0123456789 0123456789")]
    public async Task A_name_that_would_be_mistaken_is_refused(string name)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        AsrRecoveryPoint point = AddPoints(appliance, 1)[0];

        AsrError error = await HttpClientExtensions.ErrorOfAsync(PatchAsync(alice, PathOf(point.Id), name), HttpStatusCode.BadRequest);

        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
        Assert.Contains("Name", error.Message, StringComparison.Ordinal);
    }

    private static AsrRecoveryPoint[] AddPoints(TestAppliance appliance, int count)
    {
        appliance.Machines.Set(new AsrReplicatedMachine { Id = MachineId, Name = "web1" });
        AsrRecoveryPoint[] points = [.. Enumerable.Range(0, count).Select(i => new AsrRecoveryPoint { Id = Guid.NewGuid(), MachineId = MachineId, MachineName = "web1", Time = Start.AddSeconds(i) })];
        foreach (AsrRecoveryPoint point in points)
        {
            appliance.Replication.Points[point.Id] = point;
        }

        return points;
    }

    private static string PathOf(Guid pointId) => $"/v1/machines/{MachineId}/points/{pointId}";

    private static Task<HttpResponseMessage> PatchAsync(HttpClient client, string path, string name) =>
        client.PatchAsJsonAsync(path, new RecoveryPointChange { Name = name }, AsrJson.Options, TestAppliance.Stop);
}
