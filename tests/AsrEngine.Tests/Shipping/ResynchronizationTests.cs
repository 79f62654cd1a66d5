using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Xunit;

namespace Asr.Engine.Tests.Shipping;

public sealed class ResynchronizationTests
{
    private const int Region = ReplicationLimits.DigestRegionBytes;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_agent_sends_only_what_was_not_in_the_vault()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        long before = rig.Sink.ContentBytes(rig.DiskIds[0]);
        rig.Sink.Faults.IsDown = true;
        await rig.Disks[0].WriteAsync(7 * Region, ReplicationTests.Content(9, 4096), Stop);
        await rig.CrashAgentAsync();
        rig.Sink.Faults.IsDown = false;

        rig.StartAgent();
        Assert.Equal(Region, rig.Disks[0].PendingBytes);
        await rig.Disks[0].WriteAsync(20 * Region, ReplicationTests.Content(10, 512), Stop);
        await rig.ReplicateUntilInSyncAsync();
        Assert.False(rig.Replicator.GetReport().Resynchronizing);
        Guid point = await rig.QuiesceAsync();

        await rig.AssertPointEqualsSourceAsync(point);
        Assert.Equal(2 * Region, rig.Sink.ContentBytes(rig.DiskIds[0]) - before);
    }

    [Fact]
    public async Task An_orderly_stop_leaves_nothing_to_send_even_after_a_reboot()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        long before = rig.Sink.ContentBytes(rig.DiskIds[0]);
        await rig.StopAgentAsync();
        rig.BootId = Guid.NewGuid();

        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        Guid point = await rig.QuiesceAsync();

        await rig.AssertPointEqualsSourceAsync(point);
        Assert.Equal(before, rig.Sink.ContentBytes(rig.DiskIds[0]));
    }

    [Theory]
    [InlineData("boot")]
    [InlineData("corrupt")]
    [InlineData("absent")]
    [InlineData("takeover")]
    public async Task Where_the_log_cannot_vouch_the_disk_is_compared_and_only_differences_move(string cause)
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        long before = rig.Sink.ContentBytes(rig.DiskIds[0]);
        await rig.CrashAgentAsync();

        // Behind the log's back.
        await rig.Sources[0].WriteAsync(30 * Region + 5, new byte[] { 1, 2, 3 }, Stop);
        switch (cause)
        {
            case "boot":
                rig.BootId = Guid.NewGuid();
                break;
            case "corrupt":
                byte[] damaged = await File.ReadAllBytesAsync(rig.LogPath(0), Stop);
                damaged[40] ^= 1;
                damaged[4096 + 40] ^= 1;
                await File.WriteAllBytesAsync(rig.LogPath(0), damaged, Stop);
                break;
            case "absent":
                File.Delete(rig.LogPath(0));
                break;
            default:
                await rig.Sink.OpenSessionAsync(rig.DiskIds[0], new OpenSessionRequest { Nonce = Guid.NewGuid(), SizeBytes = rig.Sources[0].Length }, Stop);
                break;
        }

        rig.Sources[0].BadReadAt = 0;
        rig.StartAgent();
        await rig.ReachAsync(AgentMode.Replicate);
        AgentReport report = await rig.UntilAsync(report => report.Resynchronizing && report.Disks[0].Error is not null);
        Assert.NotNull(report.ResynchronizeReason);
        Assert.False(report.InSync);
        Assert.NotNull(report.ProgressPercent);

        rig.Sources[0].BadReadAt = null;
        report = await rig.UntilAsync(report => report.InSync && !report.Resynchronizing && report.Error is null);
        Assert.Null(report.ProgressPercent);
        Guid point = await rig.QuiesceAsync();
        await rig.AssertPointEqualsSourceAsync(point);
        Assert.Equal(Region, rig.Sink.ContentBytes(rig.DiskIds[0]) - before);
    }

    [Fact]
    public async Task A_comparison_that_is_asked_for_finds_what_went_past_the_capture_and_is_done_once()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        long before = rig.Sink.ContentBytes(rig.DiskIds[0]);
        await rig.Sources[0].WriteAsync(3 * Region, new byte[] { 9 }, Stop);

        await rig.ReachAsync(AgentMode.Replicate, assignment => assignment with { ResynchronizeGeneration = 4 });
        AgentReport report = await rig.UntilAsync(report => report.ResynchronizeGenerationDone == 4 && report.InSync);
        Assert.False(report.Resynchronizing);
        await rig.SettledAsync();
        Assert.Equal(Region, rig.Sink.ContentBytes(rig.DiskIds[0]) - before);

        await rig.StopAgentAsync();
        rig.StartAgent();
        long read = rig.Sources[0].BytesRead;
        await rig.ReplicateUntilInSyncAsync(assignment => assignment with { ResynchronizeGeneration = 4 });
        Assert.Equal(read, rig.Sources[0].BytesRead);
        Assert.Equal(4, rig.Replicator.GetReport().ResynchronizeGenerationDone);
        await rig.AssertPointEqualsSourceAsync(await rig.QuiesceAsync());
    }

    [Fact]
    public async Task A_lost_spool_costs_only_what_the_vault_lacked()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        rig.Sink.Faults.VaultAdvances = false;
        long changes = rig.Sink.ChangeCount(rig.DiskIds[0]);
        await rig.Disks[0].WriteAsync(2 * Region, ReplicationTests.Content(5, 4096), Stop);
        await rig.UntilAsync(_ => rig.Sink.ChangeCount(rig.DiskIds[0]) > changes);
        long before = rig.Sink.ContentBytes(rig.DiskIds[0]);

        rig.Sink.LoseSessions(losesSpool: true);
        rig.Sink.Faults.VaultAdvances = true;
        await rig.SettledAsync();
        Guid point = await rig.QuiesceAsync();

        await rig.AssertPointEqualsSourceAsync(point);
        Assert.Equal(Region, rig.Sink.ContentBytes(rig.DiskIds[0]) - before);
        Assert.False(rig.Replicator.GetReport().Resynchronizing);
    }

    [Fact]
    public async Task A_region_that_cannot_be_read_holds_back_points_but_not_other_regions()
    {
        await using ReplicationRig rig = new(diskCount: 2, diskBytes: 4 << 20);
        await rig.Sources[0].WriteAsync(0, ReplicationTests.Content(1, 4 << 20), Stop);
        rig.Sources[0].BadReadAt = 12345;
        rig.StartAgent();

        await rig.ReachAsync(AgentMode.Replicate, assignment => assignment with { CrashConsistentFrequencySeconds = 1 });
        AgentReport report = await rig.UntilAsync(report => report.Disks[0].Error is not null && report.Disks[0].PendingBytes <= 1 << 20);
        Assert.Equal(AsrErrorCode.DiskUnreadable, report.Disks[0].Error!.Code);
        Assert.Null(report.Disks[1].Error);
        Assert.False(report.InSync);
        Assert.Empty(rig.Sink.Points);

        rig.Sources[0].BadReadAt = null;
        await rig.UntilAsync(report => report.InSync && report.Disks[0].Error is null);
        await rig.AssertPointEqualsSourceAsync(await rig.QuiesceAsync());
    }

    [Fact]
    public async Task A_write_that_the_disk_refuses_is_read_back_into_the_stream()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        rig.Sources[0].BadWriteAt = 9 * Region;

        await Assert.ThrowsAsync<IOException>(() => rig.Disks[0].WriteAsync(9 * Region, ReplicationTests.Content(3, 8192), Stop).AsTask());
        await rig.UntilAsync(report => report.InSync);

        await rig.AssertPointEqualsSourceAsync(await rig.QuiesceAsync());
    }

    [Fact]
    public async Task A_mark_stays_while_its_write_has_not_reached_the_disk()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        TaskCompletionSource gate = new();
        rig.Sources[0].BeforeWrite = offset => offset == 11 * Region ? gate.Task : Task.CompletedTask;

        // The vault has the write long before the disk does; then the agent dies.
        Task writing = rig.Disks[0].WriteAsync(11 * Region, ReplicationTests.Content(3, 4096), Stop).AsTask();
        Guid id = Guid.NewGuid();
        await rig.ReachAsync(AgentMode.Replicate, assignment => assignment with { OnDemandPointId = id });
        await rig.UntilAsync(_ => rig.Sink.HasPoint(id));
        await rig.Disks[0].WriteAsync(0, ReplicationTests.Content(4, 4096), Stop);
        await rig.UntilAsync(report => report.Disks[0].QueuedBytes == 0 && report.Disks[0].VaultSequence == rig.Sink.ChangeCount(rig.DiskIds[0]));
        Task crash = rig.CrashAgentAsync();
        gate.SetResult();
        await Assert.ThrowsAsync<IOException>(() => writing);
        await crash;

        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        await rig.AssertPointEqualsSourceAsync(await rig.QuiesceAsync());
    }

    private static async Task<ReplicationRig> ReplicatedAsync()
    {
        ReplicationRig rig = new(diskCount: 1, diskBytes: (4 << 20) + 512);
        await rig.Sources[0].WriteAsync(0, ReplicationTests.Content(1, 4 << 20), Stop);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        await rig.SettledAsync();
        return rig;
    }
}
