using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Testing;
using Xunit;

namespace Asr.Engine.Tests.Shipping;

public sealed class ReplicationTests
{
    private const int Region = ReplicationLimits.DigestRegionBytes;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Initial_replication_sends_what_is_not_zero_and_reads_no_holes()
    {
        await using ReplicationRig rig = new(diskCount: 1, diskBytes: 256L << 20);
        await rig.Sources[0].WriteAsync(5 * Region, Content(1, 3 * Region), Stop);
        rig.StartAgent();

        await rig.ReplicateUntilInSyncAsync();
        Guid point = await rig.QuiesceAsync();

        await rig.AssertPointEqualsSourceAsync(point);
        Assert.Equal(3 * Region, rig.Sink.ContentBytes(rig.DiskIds[0]));
        Assert.Equal(3 * Region, rig.Sources[0].BytesRead);
        Assert.Equal(1, rig.Sink.ChangeCount(rig.DiskIds[0]));
    }

    [Theory]
    [InlineData(0, 4096)]
    [InlineData(512, 512)]
    [InlineData(100, 7)]
    [InlineData(1000, 3000)]
    [InlineData(Region - 1, 2)]
    [InlineData(3 * Region + 17, 2 << 20)]
    public async Task A_write_travels_as_it_is(int offset, int length)
    {
        await using ReplicationRig rig = new(diskCount: 1, diskBytes: 4 << 20);
        await rig.Sources[0].WriteAsync(0, Content(1, 4 << 20), Stop);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        await rig.SettledAsync();
        long before = rig.Sink.ContentBytes(rig.DiskIds[0]);

        await rig.Disks[0].WriteAsync(offset, Content(2, length), Stop);
        Guid point = await rig.QuiesceAsync();

        await rig.AssertPointEqualsSourceAsync(point);
        Assert.InRange(rig.Sink.ContentBytes(rig.DiskIds[0]) - before, length, length + 1024);
    }

    [Theory]
    [InlineData(0, 1 << 20, true)]
    [InlineData(100, 3000, false)]
    [InlineData(700, 100, true)]
    [InlineData(512, 1024, true)]
    public async Task Zeros_travel_without_content(int offset, int length, bool punchHole)
    {
        await using ReplicationRig rig = new(diskCount: 1, diskBytes: 4 << 20);
        await rig.Sources[0].WriteAsync(0, Content(1, 4 << 20), Stop);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        await rig.SettledAsync();
        long before = rig.Sink.ContentBytes(rig.DiskIds[0]);

        await rig.Disks[0].ZeroAsync(offset, length, punchHole, Stop);
        await rig.Disks[0].WriteAsync(2 << 20, new byte[8192], Stop);
        Guid point = await rig.QuiesceAsync();

        await rig.AssertPointEqualsSourceAsync(point);
        Assert.InRange(rig.Sink.ContentBytes(rig.DiskIds[0]) - before, 0, 1024);
    }

    [Fact]
    public async Task Quiesce_refuses_writes_and_its_point_holds_the_last_one()
    {
        await using ReplicationRig rig = new(diskCount: 2, diskBytes: 1 << 20);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        await rig.Disks[1].WriteAsync(4096, Content(3, 4096), Stop);

        Guid point = await rig.QuiesceAsync();

        AsrException refused = await Assert.ThrowsAsync<AsrException>(() => rig.Disks[0].WriteAsync(0, Content(4, 512), Stop).AsTask());
        Assert.Equal(AsrErrorCode.DiskReadOnly, refused.Code);
        await Assert.ThrowsAsync<AsrException>(() => rig.Disks[0].ZeroAsync(0, 512, true, Stop).AsTask());
        Assert.True(rig.Disks[0].IsReadOnly);
        await rig.AssertPointEqualsSourceAsync(point);
        AsrRecoveryPoint made = Assert.Single(rig.Sink.Points);
        Assert.Equal(RecoveryPointReason.Final, made.Reason);
        Assert.Equal(2, made.Disks.Count);

        await rig.ReachAsync(AgentMode.Replicate);
        await rig.Disks[0].WriteAsync(0, Content(4, 512), Stop);
        Assert.False(rig.Disks[0].IsReadOnly);
    }

    [Fact]
    public async Task Points_are_made_by_the_policy_and_on_demand()
    {
        await using ReplicationRig rig = new(diskCount: 1, diskBytes: 1 << 20);
        rig.StartAgent();
        Guid wanted = Guid.NewGuid();

        await rig.ReachAsync(AgentMode.Replicate, assignment => assignment with { CrashConsistentFrequencySeconds = 1, OnDemandPointId = wanted });
        await rig.UntilAsync(_ => rig.Sink.Points.Count(point => point.Reason == RecoveryPointReason.Policy) >= 2);

        Assert.Contains(rig.Sink.Points, point => point.Id == wanted && point.Reason == RecoveryPointReason.OnDemand);
        Assert.Equal(rig.Sink.Points.Count, rig.Sink.Points.DistinctBy(point => point.Id).Count());
    }

    [Fact]
    public async Task The_first_point_does_not_wait_for_the_schedule_but_for_the_last_disk()
    {
        await using ReplicationRig rig = new(diskCount: 2, diskBytes: 1 << 20);
        rig.Sources[1].BadReadAt = 5;
        await rig.Sources[1].WriteAsync(0, Content(1, 1 << 20), Stop);
        rig.StartAgent();

        await rig.ReachAsync(AgentMode.Replicate, Yearly);
        await rig.UntilAsync(report => report.Disks[0].PendingBytes == 0 && report.Disks[1].Error is not null);
        Assert.Empty(rig.Sink.Points);

        rig.Sources[1].BadReadAt = null;
        await rig.UntilAsync(_ => rig.Sink.Points.Count > 0);
        AsrRecoveryPoint first = Assert.Single(rig.Sink.Points);
        Assert.Equal(RecoveryPointReason.Policy, first.Reason);
        await rig.AssertPointEqualsSourceAsync(first.Id);

        await rig.ReachAsync(AgentMode.Replicate, assignment => Yearly(assignment) with { ResynchronizeGeneration = 1 });
        await rig.UntilAsync(report => report.ResynchronizeGenerationDone == 1 && rig.Sink.Points.Count > 1);

        static AgentAssignment Yearly(AgentAssignment assignment) => assignment with { CrashConsistentFrequencySeconds = 365 * 86400 };
    }

    [Fact]
    public async Task What_is_written_while_paused_travels_after_resuming_and_nothing_else()
    {
        await using ReplicationRig rig = new(diskCount: 1, diskBytes: 4 << 20);
        await rig.Sources[0].WriteAsync(0, Content(1, 4 << 20), Stop);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        await rig.UntilAsync(report => report.Disks[0].VaultSequence > 0);
        await rig.SettledAsync();
        await rig.ReachAsync(AgentMode.Pause);
        Assert.Equal(CaptureMode.Paused, rig.Replicator.GetReport().Disks[0].CaptureMode);
        long before = rig.Sink.ContentBytes(rig.DiskIds[0]);

        await rig.Disks[0].WriteAsync(10 * Region + 512, Content(2, 4096), Stop);
        Assert.Equal(Region, rig.Disks[0].PendingBytes);
        await rig.ReplicateUntilInSyncAsync();
        Guid point = await rig.QuiesceAsync();

        await rig.AssertPointEqualsSourceAsync(point);
        Assert.Equal(Region, rig.Sink.ContentBytes(rig.DiskIds[0]) - before);
    }

    internal static byte[] Content(int seed, int length)
    {
        byte[] content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }
}
