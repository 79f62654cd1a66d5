using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Asr.ProcessServer.Tests.Hosting;

public sealed class LifetimeTests
{
    [Fact]
    public async Task The_shutdown_route_stops_the_appliance_and_removes_its_registration()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        List<AsrAppliance> running = await ApplianceRegistration.ListAsync(appliance.Vault.Catalog, TestAppliance.Stop);
        Assert.Equal(appliance.Control, new Uri(Assert.Single(running).ControlEndpoint));
        using HttpClient alice = await appliance.NewOperatorAsync();

        using HttpResponseMessage response = await alice.PostAsync(AsrRoutes.Shutdown, null, TestAppliance.Stop);
        await appliance.App.WaitForShutdownAsync(TestAppliance.Stop);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Empty(await ApplianceRegistration.ListAsync(appliance.Vault.Catalog, TestAppliance.Stop));
        await Assert.ThrowsAsync<HttpRequestException>(() => alice.GetAsync(AsrRoutes.Appliance, TestAppliance.Stop));
    }

    [Fact]
    public async Task A_waiting_request_does_not_hold_up_the_stop()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        AsrJob job = new() { Id = Guid.NewGuid(), Revision = 1 };
        appliance.Machines.Set(job);
        Task<HttpResponseMessage> waiting = alice.GetAsync($"/v1/jobs/{job.Id}?knownRevision=1", TestAppliance.Stop);
        await appliance.Machines.WaitBegun.Task.WaitAsync(TestAppliance.Stop);

        // The test's double waits for ever, so a stop that waited for it would never end.
        Task stop = appliance.App.StopAsync(CancellationToken.None);
        AsrError error = await HttpClientExtensions.ErrorOfAsync(waiting, HttpStatusCode.ServiceUnavailable);
        await stop.WaitAsync(TestAppliance.Stop);

        Assert.Equal(AsrErrorCode.Cancelled, error.Code);
    }

    [Fact]
    public async Task Long_polls_answer_when_something_changes()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        AsrJob job = new() { Id = Guid.NewGuid(), Revision = 1 };
        appliance.Machines.Set(job);
        Task<AsrJob> waiting = alice.GetForAsync<AsrJob>($"/v1/jobs/{job.Id}?knownRevision=1");
        await appliance.Machines.WaitBegun.Task.WaitAsync(TestAppliance.Stop);

        appliance.Machines.Set(job with { Revision = 2, State = JobState.Succeeded });

        Assert.Equal(JobState.Succeeded, (await waiting).State);
    }

    [Fact]
    public async Task The_assignment_is_a_long_poll_too()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient agent = appliance.NewClient((await appliance.EnrollAgentAsync("web1")).Certificate);
        Task<AgentAssignment> waiting = agent.GetForAsync<AgentAssignment>($"{AsrRoutes.AgentAssignment}?knownRevision=1");
        await appliance.Machines.WaitBegun.Task.WaitAsync(TestAppliance.Stop);

        appliance.Machines.Assign(new AgentAssignment { Revision = 2, Mode = AgentMode.Replicate });

        Assert.Equal(AgentMode.Replicate, (await waiting).Mode);
    }

    [Fact]
    public void A_work_folder_serves_one_appliance_at_a_time()
    {
        string path = Path.Combine(Path.GetTempPath(), $"asr-control-{Guid.NewGuid():n}");
        using (WorkFolder.Open(path))
        {
            Assert.Equal(AsrErrorCode.InUse, Assert.Throws<AsrException>(() => WorkFolder.Open(path)).Code);
        }

        using (WorkFolder.Open(path))
        {
            Assert.True(Directory.Exists(path));
        }

        Directory.Delete(path, recursive: true);
    }

    [Fact]
    public async Task Events_are_listed_newest_first()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        IEventLog events = appliance.App.Services.GetRequiredService<IEventLog>();
        foreach (string code in new[] { "First", "Second", "Third" })
        {
            await events.AddAsync(new AsrEvent { Code = code, Message = code }, TestAppliance.Stop);
            appliance.Time.Advance(TimeSpan.FromSeconds(1));
        }

        List<AsrEvent> newest = await alice.GetForAsync<List<AsrEvent>>($"{AsrRoutes.Events}?top=2");

        Assert.Equal(["Third", "Second"], newest.ConvertAll(happened => happened.Code));
    }

    [Fact]
    public async Task Only_so_many_events_are_kept()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        IEventLog events = appliance.App.Services.GetRequiredService<IEventLog>();
        for (int i = 0; i < EventLog.KeptCount + 300; i++)
        {
            await events.AddAsync(new AsrEvent { Code = "Tick", Message = $"{i}" }, TestAppliance.Stop);
            appliance.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        IReadOnlyList<AsrEvent> kept = await events.ListAsync(int.MaxValue, TestAppliance.Stop);

        Assert.Equal(EventLog.KeptCount, kept.Count);
        Assert.Equal($"{EventLog.KeptCount + 299}", kept[0].Message);
        Assert.Equal("300", kept[^1].Message);
    }
}
