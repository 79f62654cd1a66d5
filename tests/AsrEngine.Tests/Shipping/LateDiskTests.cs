using System;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Asr.Contracts;
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
