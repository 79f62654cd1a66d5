using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Engine.Points;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Tests.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Asr.ProcessServer.Tests.Recovery;

/// <summary>Any second between points, from the agent's instants to a copy that is up.</summary>
public sealed class PointInTimeTests
{
    [Fact]
    public async Task A_second_between_points_is_shown_brought_up_and_the_same_point_when_asked_for_again()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabAgent.StartAsync(lab);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold" });
        await StopScheduledPointsAsync(lab);
        string[] wanted = await WriteAsync(agent);
        MachineInstant instant = await UntilNotedAsync(lab, agent);
        await WriteAsync(agent);
        int points = (await lab.Points.ListAsync(agent.MachineId, 1_000, RecoveryLab.Stop)).Count;

        AsrReplicatedMachine machine = await lab.Machines.GetAsync(agent.MachineId, RecoveryLab.Stop);
        AsrRecoveryPoint shown = await lab.Services.GetRequiredService<PointsInTime>().FindAsync(machine, instant.Time.AddMilliseconds(100), RecoveryLab.Stop);
        Assert.Equal((instant.Time, default), (shown.Time, shown.PublishedAt));
        Assert.Equal(points, (await lab.Points.ListAsync(agent.MachineId, 1_000, RecoveryLab.Stop)).Count);

        // The appliance's memory is not needed for it.
        await lab.RestartAsync();
        OperationRequest request = new() { RequestId = Guid.NewGuid(), Operation = MachineOperation.TestFailover, PointInTime = shown.Time, Materialize = true };
        await SucceedAsync(lab, agent, request);

        FailoverCopy copy = (await lab.Machines.GetAsync(agent.MachineId, RecoveryLab.Stop)).TestFailover!;
        Assert.Equal(wanted, copy.Disks.Select(disk => disk.Sha256));
        Assert.Equal((shown.Id, shown.Time), (copy.RecoveryPointId, copy.RecoveryPointTime));
        Assert.Equal(RecoveryPointReason.PointInTime, (await lab.Points.FindAsync(agent.MachineId, shown.Id, RecoveryLab.Stop))!.Reason);
        Assert.Equal(request.RequestId, (await lab.StartAsync(agent.MachineId, request)).Id);

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.CleanUpTestFailover });
        await SucceedAsync(lab, agent, request with { RequestId = Guid.NewGuid(), Materialize = false });
        Assert.Equal(points + 1, (await lab.Points.ListAsync(agent.MachineId, 1_000, RecoveryLab.Stop)).Count);
    }

    [Fact]
    public async Task A_time_outside_the_stream_is_refused_before_a_job_starts()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabAgent.StartAsync(lab);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold" });
        OperationRequest request = new() { Operation = MachineOperation.TestFailover, PointInTime = lab.Time.GetUtcNow().AddDays(-3) };

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => lab.StartAsync(agent.MachineId, request));

        Assert.Equal(AsrErrorCode.PointInTimeUnavailable, error.Code);
        Assert.Null((await lab.Machines.GetAsync(agent.MachineId, RecoveryLab.Stop)).TestFailover);
    }

    [Fact]
    public async Task Instants_of_other_disks_are_not_taken_from_an_agent_and_disabling_removes_all()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabAgent.StartAsync(lab);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold" });
        DateTimeOffset future = lab.Time.GetUtcNow().AddMinutes(1);
        DiskBase[] disks = [.. agent.Disks.Select(disk => new DiskBase { DiskId = disk.Id, Position = new StreamPosition(1, 1) })];
        MachineInstant[] forged =
        [
            new MachineInstant { Time = future, Disks = [disks[0]] },
            new MachineInstant { Time = future, Disks = [disks[0], disks[1] with { DiskId = Guid.NewGuid() }] },
            new MachineInstant { Time = future, Disks = disks, Source = ActiveLocation.Recovery },
        ];
        await lab.Machines.ReportAsync(agent.MachineId, new AgentReport { Instants = forged }, RecoveryLab.Stop);
        IInstantLog log = lab.Services.GetRequiredService<IInstantLog>();
        Assert.DoesNotContain(await log.ListBeforeAsync(agent.MachineId, future, 1_000, RecoveryLab.Stop), instant => instant.Time == future);
        await WriteAsync(agent);
        await UntilNotedAsync(lab, agent);

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.DisableReplication });

        Assert.Empty(await log.ListBeforeAsync(agent.MachineId, future, 1_000, RecoveryLab.Stop));
    }

    private static async Task StopScheduledPointsAsync(RecoveryLab lab)
    {
        IPolicyStore policies = lab.Services.GetRequiredService<IPolicyStore>();
        AsrReplicationPolicy policy = await policies.GetAsync("gold", RecoveryLab.Stop) with { CrashConsistentFrequencySeconds = 12 * 60 * 60 };
        await policies.PutAsync(policy, create: false, RecoveryLab.Stop);
        await lab.Machines.OnPolicyChangedAsync(policy, RecoveryLab.Stop);
    }

    // Writes to both disks and gives the hashes of what they hold then.
    private static async Task<string[]> WriteAsync(LabAgent agent)
    {
        foreach (DiskCapture disk in agent.Disks)
        {
            await disk.WriteAsync(64 << 10, RandomNumberGenerator.GetBytes(8192), RecoveryLab.Stop);
        }
        return await agent.HashesAsync();
    }

    // The first instant noted from now on; nothing may be written meanwhile.
    private static async Task<MachineInstant> UntilNotedAsync(RecoveryLab lab, LabAgent agent)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        IInstantLog log = lab.Services.GetRequiredService<IInstantLog>();
        while (true)
        {
            IReadOnlyList<MachineInstant> newest = await log.ListBeforeAsync(agent.MachineId, DateTimeOffset.MaxValue, 1, RecoveryLab.Stop);
            if (newest.Count > 0 && newest[0].Time > now)
            {
                return newest[0];
            }
            await Task.Delay(50, RecoveryLab.Stop);
        }
    }

    private static async Task<AsrJob> SucceedAsync(RecoveryLab lab, LabAgent agent, OperationRequest request)
    {
        AsrJob job = await lab.RunAsync(agent.MachineId, request);
        Assert.True(job.State == JobState.Succeeded, $"{request.Operation}: {job.Error?.Message}");
        return job;
    }
}
