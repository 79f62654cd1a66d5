using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Tests.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Asr.ProcessServer.Tests.Recovery;

/// <summary>Points inside their window, against everything that could take them away.</summary>
public sealed class ImmutabilityTests
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    [Fact]
    public async Task A_disabled_machine_keeps_its_immutable_points_and_can_be_failed_over_from_them()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        string[] hashes = await agent.HashesAsync();

        AsrJob disable = await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.DisableReplication });

        AsrReplicatedMachine machine = await MachineAsync(lab, agent);
        Assert.Equal((MachineState.Disabled, "gold"), (machine.State, machine.PolicyName));
        Assert.True(machine.PointsKeptUntil > lab.Time.GetUtcNow());
        Assert.Contains(disable.Tasks, task => task.Detail?.Contains("stay until", StringComparison.Ordinal) == true);
        Assert.Contains(await lab.EventsAsync(), told => told.Code == "RecoveryPointsKept");
        foreach (AsrDisk disk in machine.Disks)
        {
            AsrException refused = await Assert.ThrowsAsync<AsrException>(() => lab.Vault.DeleteDiskAsync(disk.Id, RecoveryLab.Stop));
            Assert.Equal(AsrErrorCode.RecoveryPointImmutable, refused.Code);
        }

        await lab.RestartAsync();
        IReadOnlyList<AsrRecoveryPoint> points = await lab.Points.ListAsync(agent.MachineId, 100, RecoveryLab.Stop);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.TestFailover, RecoveryPointId = points[0].Id, Materialize = true });
        Assert.Equal(hashes, (await MachineAsync(lab, agent)).TestFailover!.Disks.Select(disk => disk.Sha256));
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.CleanUpTestFailover });

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.UnplannedFailover });
        Assert.Equal(hashes, (await MachineAsync(lab, agent)).Failover!.Disks.Select(disk => disk.Sha256));
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.CancelFailover });
        machine = await MachineAsync(lab, agent);
        Assert.Equal(MachineState.Disabled, machine.State);
        Assert.NotNull(machine.PointsKeptUntil);
        Assert.Equal(points.Select(point => point.Id), (await lab.Points.ListAsync(agent.MachineId, 100, RecoveryLab.Stop)).Select(point => point.Id));
    }

    [Fact]
    public async Task The_appliance_removes_what_was_kept_when_the_window_has_passed()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.DisableReplication });
        MachineMonitor monitor = lab.Services.GetServices<IHostedService>().OfType<MachineMonitor>().Single();

        await monitor.LookAfterAllAsync(withCare: true, RecoveryLab.Stop);
        Assert.Equal(MachineState.Disabled, (await MachineAsync(lab, agent)).State);

        lab.Time.Advance(Window);
        await monitor.LookAfterAllAsync(withCare: true, RecoveryLab.Stop);
        AsrJob removal = await lab.EndOfAsync((await lab.Jobs.ListAsync(1, RecoveryLab.Stop))[0].Id);

        Assert.Equal((MachineOperation.DisableReplication, "appliance", JobState.Succeeded), (removal.Operation, removal.RequestedBy, removal.State));
        AsrReplicatedMachine machine = await MachineAsync(lab, agent);
        Assert.Equal((MachineState.Discovered, null, null), (machine.State, machine.PolicyName, machine.PointsKeptUntil));
        Assert.Empty(await lab.Points.ListAsync(agent.MachineId, 100, RecoveryLab.Stop));
        Assert.Equal(default, await lab.Vault.GetHeadAsync(agent.Disks[0].Id, RecoveryLab.Stop));
    }

    [Fact]
    public async Task A_disabled_machine_can_be_protected_again_beside_its_kept_points()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.DisableReplication });
        Guid[] kept = [.. (await lab.Points.ListAsync(agent.MachineId, 100, RecoveryLab.Stop)).Select(point => point.Id)];

        AsrJob enable = await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold" });

        AsrReplicatedMachine machine = await MachineAsync(lab, agent);
        Assert.Equal((MachineState.Protected, null), (machine.State, machine.PointsKeptUntil));
        IReadOnlyList<AsrRecoveryPoint> points = await lab.Points.ListAsync(agent.MachineId, 100, RecoveryLab.Stop);
        Assert.Subset(points.Select(point => point.Id).ToHashSet(), kept.ToHashSet());
        Assert.Contains(points, point => point.PublishedAt >= enable.StartTime);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.TestFailover, RecoveryPointId = kept[^1], Materialize = true });
    }

    [Fact]
    public async Task A_changed_policy_counts_for_later_points_only()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        IPolicyStore policies = lab.Services.GetRequiredService<IPolicyStore>();
        AsrRecoveryPoint early = (await lab.Points.ListAsync(agent.MachineId, 1, RecoveryLab.Stop))[0];
        Assert.Equal(early.PublishedAt + Window, early.ImmutableUntil);

        AsrReplicationPolicy gold = await policies.GetAsync("gold", RecoveryLab.Stop);
        await policies.PutAsync(gold with { ImmutableFor = TimeSpan.Zero, RetentionTiers = RetentionTier.EveryPoint(TimeSpan.FromSeconds(1)) }, create: false, RecoveryLab.Stop);
        AsrJob onDemand = await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.CreateRecoveryPoint });
        Assert.Null((await lab.Points.FindAsync(agent.MachineId, onDemand.Id, RecoveryLab.Stop))!.ImmutableUntil);

        lab.Time.Advance(Window / 2);
        MachineMonitor monitor = lab.Services.GetServices<IHostedService>().OfType<MachineMonitor>().Single();
        await monitor.LookAfterAllAsync(withCare: true, RecoveryLab.Stop);
        Assert.Equal(early.ImmutableUntil, (await lab.Points.FindAsync(agent.MachineId, early.Id, RecoveryLab.Stop))?.ImmutableUntil);
    }

    private static async Task<LabAgent> ProtectAsync(RecoveryLab lab)
    {
        LabAgent agent = await LabAgent.StartAsync(lab);
        IPolicyStore policies = lab.Services.GetRequiredService<IPolicyStore>();
        await policies.PutAsync(await policies.GetAsync("gold", RecoveryLab.Stop) with { ImmutableFor = Window }, create: false, RecoveryLab.Stop);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold" });
        return agent;
    }

    private static async Task<AsrJob> SucceedAsync(RecoveryLab lab, LabAgent agent, OperationRequest request)
    {
        AsrJob job = await lab.RunAsync(agent.MachineId, request);
        Assert.True(job.State == JobState.Succeeded, $"{request.Operation}: {job.Error?.Message}");
        return job;
    }

    private static Task<AsrReplicatedMachine> MachineAsync(RecoveryLab lab, LabAgent agent) => lab.Machines.GetAsync(agent.MachineId, RecoveryLab.Stop);
}
