using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Xunit;

namespace Asr.Engine.Tests.Shipping;

public sealed class FailbackTests
{
    private const int Region = ReplicationLimits.DigestRegionBytes;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_differences_travel_back_and_the_stream_branches_from_the_point(bool knowsPosition)
    {
        await using ReplicationRig rig = new(diskCount: 2, diskBytes: 4 << 20);
        await rig.Sources[0].WriteAsync(0, ReplicationTests.Content(1, 4 << 20), Stop);
        await rig.Sources[1].WriteAsync(Region, ReplicationTests.Content(2, 4096), Stop);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        Guid wanted = Guid.NewGuid();
        await rig.ReachAsync(AgentMode.Replicate, assignment => assignment with { OnDemandPointId = wanted });
        await rig.UntilAsync(_ => rig.Sink.HasPoint(wanted));
        byte[][] expected = [await rig.ReadSourceAsync(0), await rig.ReadSourceAsync(1)];

        // Three regions of the first disk differ from the point by now, one of the second is to become zeros again.
        await rig.Disks[0].WriteAsync(8 * Region - 512, ReplicationTests.Content(3, 1024), Stop);
        await rig.Disks[0].ZeroAsync(30 * Region, Region, true, Stop);
        await rig.Disks[1].WriteAsync(5 * Region, ReplicationTests.Content(4, 512), Stop);
        await rig.ReachAsync(AgentMode.Fence);

        DiskBase[] bases = [.. rig.Sink.Points.Single(point => point.Id == wanted).Disks
            .Select(disk => new DiskBase { DiskId = disk.DiskId, Position = new StreamPosition(disk.Epoch, disk.Sequence) })];
        await rig.ReachAsync(AgentMode.Failback, assignment => assignment with { FailbackPointId = wanted, Bases = knowsPosition ? bases : null });
        AgentReport report = rig.Replicator.GetReport();
        Assert.Equal(wanted, report.FailbackPointDone);
        Assert.Equal(100, report.ProgressPercent);
        Assert.Equal(4 * Region, report.FailbackBytesMoved);
        Assert.Equal(4 * Region, rig.Sink.PointBytesRead);
        Assert.True(rig.Disks[0].IsReadOnly);
        Assert.Equal(expected[0], await rig.ReadSourceAsync(0));
        Assert.Equal(expected[1], await rig.ReadSourceAsync(1));

        long[] content = [rig.Sink.ContentBytes(rig.DiskIds[0]), rig.Sink.ContentBytes(rig.DiskIds[1])];
        await rig.ReplicateUntilInSyncAsync(assignment => assignment with { Bases = bases });
        await rig.SettledAsync();
        await rig.Disks[0].WriteAsync(0, ReplicationTests.Content(5, 512), Stop);
        await rig.StopAgentAsync();

        // The base is still in the assignment when the agent starts again: it must not be branched from a second time.
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync(assignment => assignment with { Bases = bases });
        Guid final = await rig.QuiesceAsync();
        await rig.AssertPointEqualsSourceAsync(final);
        Assert.InRange(rig.Sink.ContentBytes(rig.DiskIds[0]) - content[0], 512, Region + 512);
        Assert.Equal(content[1], rig.Sink.ContentBytes(rig.DiskIds[1]));
    }

    [Fact]
    public async Task An_interrupted_failback_is_finished_by_the_next_agent_and_leaves_no_trusted_log_behind()
    {
        await using ReplicationRig rig = new(diskCount: 1, diskBytes: 16 << 20);
        await rig.Sources[0].WriteAsync(0, ReplicationTests.Content(1, 16 << 20), Stop);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        Guid wanted = await rig.QuiesceAsync();
        byte[] expected = await rig.ReadSourceAsync(0);
        await rig.ReachAsync(AgentMode.Fence);
        await rig.Sources[0].WriteAsync(0, ReplicationTests.Content(2, 16 << 20), Stop);

        TaskCompletionSource reached = new();
        rig.Sources[0].BeforeWrite = _ =>
        {
            reached.TrySetResult();
            return Task.CompletedTask;
        };
        await rig.ApplyAsync(AgentMode.Failback, assignment => assignment with { FailbackPointId = wanted });
        await reached.Task.WaitAsync(Stop);
        await rig.CrashAgentAsync();

        rig.StartAgent();
        Assert.Equal(rig.Sources[0].Length, rig.Disks[0].PendingBytes);
        await rig.ReachAsync(AgentMode.Failback, assignment => assignment with { FailbackPointId = wanted });
        Assert.Equal(expected, await rig.ReadSourceAsync(0));
    }

    [Fact]
    public async Task Half_a_failback_is_neither_served_nor_replicated_whatever_comes_next()
    {
        await using ReplicationRig rig = new(diskCount: 2, diskBytes: 4 << 20);
        await rig.Sources[0].WriteAsync(0, ReplicationTests.Content(1, 4 << 20), Stop);
        await rig.Sources[1].WriteAsync(0, ReplicationTests.Content(2, 4 << 20), Stop);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        Guid wanted = await rig.QuiesceAsync();
        byte[][] expected = [await rig.ReadSourceAsync(0), await rig.ReadSourceAsync(1)];
        await rig.ReachAsync(AgentMode.Fence);
        await rig.Sources[1].WriteAsync(0, ReplicationTests.Content(3, 4 << 20), Stop);
        rig.Sources[1].BadWriteAt = 2 << 20;
        await rig.ApplyAsync(AgentMode.Failback, assignment => assignment with { FailbackPointId = wanted });
        await rig.UntilAsync(report => report.Error is not null);

        // The failback is given up; the machine is not protected any more, and the agent restarts.
        await rig.ReachAsync(AgentMode.Idle);
        await AssertRefusedAsync(rig);
        await rig.CrashAgentAsync();
        rig.Sources[1].BadWriteAt = null;
        rig.StartAgent();
        await AssertRefusedAsync(rig);
        await rig.ReachAsync(AgentMode.Idle);
        await AssertRefusedAsync(rig);
        Assert.All(rig.Replicator.GetReport().Disks, disk => Assert.Equal(AsrErrorCode.DiskUnreadable, disk.Error?.Code));
        await rig.ApplyAsync(AgentMode.Replicate);
        AgentReport refused = await rig.UntilAsync(report => report.Error is not null);
        Assert.Equal((AsrErrorCode.DiskUnreadable, false), (refused.Error!.Code, refused.InSync));

        await rig.ReachAsync(AgentMode.Failback, assignment => assignment with { FailbackPointId = wanted });
        await rig.ReachAsync(AgentMode.Idle);
        Assert.Equal(expected[0], await rig.ReadSourceAsync(0));
        Assert.Equal(expected[1], await rig.ReadSourceAsync(1));
        Assert.All(rig.Disks, disk => Assert.False(disk.IsReadOnly));
        await rig.Disks[1].ReadAsync(0, new byte[4096], Stop);
        Assert.All(rig.Replicator.GetReport().Disks, disk => Assert.Null(disk.Error));
    }

    private static async Task AssertRefusedAsync(ReplicationRig rig)
    {
        foreach (DiskCapture disk in rig.Disks)
        {
            Assert.True(disk.IsReadOnly);
            AsrException refusal = await Assert.ThrowsAsync<AsrException>(() => disk.ReadAsync(0, new byte[512], Stop).AsTask());
            Assert.Equal(AsrErrorCode.DiskUnreadable, refusal.Code);
            Assert.NotNull(refusal.Action);
        }
    }
}
