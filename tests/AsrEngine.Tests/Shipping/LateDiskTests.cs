using System;
using System.Linq;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Engine.Shipping;
using Xunit;

namespace Asr.Engine.Tests.Shipping;

/// <summary>A machine one of whose protected disks is not there at first.</summary>
public sealed class LateDiskTests
{
    private const long DiskBytes = 1 << 20;

    [Fact]
    public async Task A_machine_without_one_of_its_disks_is_not_in_sync_until_that_is_offered()
    {
        await using ReplicationRig rig = new(2, DiskBytes);
        rig.StartAgent(offered: 1);
        await rig.ApplyAsync(AgentMode.Replicate, assignment => assignment with { CrashConsistentFrequencySeconds = 1 });
        AgentReport report = await rig.UntilAsync(seen => seen.Error is not null && seen.Disks[0].CaptureMode == CaptureMode.Data);
        Assert.Equal(AsrErrorCode.NotFound, report.Error!.Code);
        Assert.False(report.InSync, "one of its two disks is missing");

        await rig.Replicator.OfferAsync(rig.Disks[1], TestContext.Current.CancellationToken);
        await rig.UntilAsync(seen => seen.InSync);
        await rig.Disks[1].WriteAsync(4096, RandomNumberGenerator.GetBytes(512), TestContext.Current.CancellationToken);
        await rig.AssertPointEqualsSourceAsync(await rig.QuiesceAsync());
    }

    [Fact]
    public async Task A_disk_that_is_given_up_stops_the_points_until_it_is_offered_again()
    {
        await using ReplicationRig rig = new(2, DiskBytes);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync(assignment => assignment with { CrashConsistentFrequencySeconds = 1 });

        await rig.Replicator.WithdrawAsync(rig.Disks[1]);
        int points = rig.Sink.Points.Count;
        AgentReport report = await rig.UntilAsync(seen => seen.Error is not null);
        Assert.Equal(AsrErrorCode.NotFound, report.Error!.Code);
        Assert.Equal([rig.DiskIds[0]], report.Disks.Select(disk => disk.Id));
        Assert.False(report.InSync, "one of its two disks is missing");
        await rig.Disks[0].WriteAsync(4096, RandomNumberGenerator.GetBytes(512), TestContext.Current.CancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(1.5), TestContext.Current.CancellationToken);
        Assert.Equal(points, rig.Sink.Points.Count);

        await rig.Disks[1].WriteAsync(8192, RandomNumberGenerator.GetBytes(512), TestContext.Current.CancellationToken);
        await rig.Replicator.OfferAsync(rig.Disks[1], TestContext.Current.CancellationToken);
        await rig.UntilAsync(seen => seen.InSync);
        await rig.AssertPointEqualsSourceAsync(await rig.QuiesceAsync());
    }

    [Fact]
    public async Task A_disk_can_be_given_up_while_nothing_is_assigned_and_after_the_end()
    {
        await using ReplicationRig rig = new(2, DiskBytes);
        rig.StartAgent();
        await rig.Replicator.WithdrawAsync(rig.Disks[1]);
        Assert.Single(rig.Replicator.GetReport().Disks);

        MachineReplicator ended = rig.Replicator;
        DiskCapture disk = rig.Disks[0];
        await rig.StopAgentAsync();
        await ended.WithdrawAsync(disk);
        Assert.Empty(ended.GetReport().Disks);
        rig.StartAgent();
    }

    [Fact]
    public async Task A_failback_waits_for_every_disk_and_a_late_one_refuses_writes()
    {
        await using ReplicationRig rig = new(2, DiskBytes);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        Guid point = await rig.QuiesceAsync();
        await rig.StopAgentAsync();

        rig.StartAgent(offered: 1);
        await rig.ApplyAsync(AgentMode.Failback, assignment => assignment with { FailbackPointId = point });
        AgentReport report = await rig.UntilAsync(seen => seen.Error is not null);
        Assert.Equal(AsrErrorCode.NotFound, report.Error!.Code);
        Assert.Null(report.FailbackPointDone);

        await rig.Replicator.OfferAsync(rig.Disks[1], TestContext.Current.CancellationToken);
        Assert.True(rig.Disks[1].IsReadOnly, "a late disk follows the assignment");
        await rig.UntilAsync(seen => seen.FailbackPointDone == point);
    }
}
