using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Testing;
using Xunit;

namespace Asr.Engine.Tests.Shipping;

public sealed class ConsistencyTests
{
    private const int DiskBytes = 4 << 20;

    private static readonly SinkFault[] _all =
        [SinkFault.Refuse, SinkFault.DropAnswer, SinkFault.Delay, SinkFault.LoseSession, SinkFault.LoseSpool];

    [Theory]
    [InlineData(1, 0.0)]
    [InlineData(2, 0.05)]
    [InlineData(3, 0.2)]
    [InlineData(4, 0.2)]
    [InlineData(5, 0.4)]
    public async Task Every_point_is_a_prefix_of_the_writes_whatever_the_link_does(int seed, double faultRate)
    {
        await using ReplicationRig rig = new(diskCount: 2, DiskBytes);
        StampedWriters writers = new(seed, 2, DiskBytes);
        rig.Sink.Faults = new SinkFaults(seed) { Rate = faultRate, Kinds = _all };
        rig.StartAgent();
        using CancellationTokenSource stop = new();
        Task writing = writers.RunAsync(rig.Disks, stop.Token);

        await MakePointsAsync(rig, count: 12);
        await stop.CancelAsync();
        await writing;
        rig.Sink.Faults.Rate = 0;
        Guid final = await rig.QuiesceAsync();

        Assert.True(rig.Sink.Points.Count >= 13);
        AssertPoints(rig, writers);
        await rig.AssertPointEqualsSourceAsync(final);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task An_agent_that_is_killed_again_and_again_loses_nothing(int seed)
    {
        await using ReplicationRig rig = new(diskCount: 2, DiskBytes);
        StampedWriters writers = new(seed, 2, DiskBytes);
        rig.Sink.Faults = new SinkFaults(seed) { Rate = 0.1, Kinds = _all };
        for (int life = 0; life < 4; life++)
        {
            rig.StartAgent();

            // Some writes come before the agent knows what to do.
            using CancellationTokenSource stop = new();
            Task writing = writers.RunAsync(rig.Disks, stop.Token);
            await MakePointsAsync(rig, count: 2);
            await rig.CrashAgentAsync();
            await stop.CancelAsync();
            await writing;
        }

        rig.Sink.Faults.Rate = 0;
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        Guid final = await rig.QuiesceAsync();

        AssertPoints(rig, writers);
        await rig.AssertPointEqualsSourceAsync(final);
    }

    [Fact]
    public async Task An_outage_makes_the_queue_overflow_and_the_stream_converges_afterwards()
    {
        await using ReplicationRig rig = new(diskCount: 1, diskBytes: 32 << 20, queueBytesMax: 4 << 20);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        rig.Sink.Faults.IsDown = true;

        // None of these waits for the link; together they are several times what the queue and the batches under way hold.
        for (int i = 0; i < 4 * 512; i++)
        {
            await rig.Disks[0].WriteAsync(i % 512 * 65536L, ReplicationTests.Content(i, 32768), TestContext.Current.CancellationToken);
        }

        AgentReport report = await rig.UntilAsync(report => report.Error is not null);
        Assert.False(report.InSync);
        Assert.Equal(CaptureMode.Bitmap, report.Disks[0].CaptureMode);
        Assert.True(report.Disks[0].PendingBytes > 0);
        Assert.Equal(AsrErrorCode.ApplianceUnreachable, report.Disks[0].Error?.Code);

        rig.Sink.Faults.IsDown = false;
        await rig.UntilAsync(report => report.InSync && report.Disks[0].CaptureMode == CaptureMode.Data && report.Error is null);
        await rig.AssertPointEqualsSourceAsync(await rig.QuiesceAsync());
    }

    private static async Task MakePointsAsync(ReplicationRig rig, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Guid id = Guid.NewGuid();
            await rig.ReachAsync(AgentMode.Replicate, assignment => assignment with { OnDemandPointId = id });
            await rig.UntilAsync(_ => rig.Sink.HasPoint(id));
        }
    }

    private static void AssertPoints(ReplicationRig rig, StampedWriters writers)
    {
        foreach (AsrRecoveryPoint point in rig.Sink.Points)
        {
            writers.AssertPrefix(point, disk => rig.Sink.Image(rig.DiskIds[disk], point.Id));
        }
    }
}
