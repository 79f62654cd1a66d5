using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Tests.Shipping;
using Asr.Testing;
using Xunit;

namespace Asr.Engine.Tests.Verification;

public sealed class VerificationTests
{
    private const int Region = ReplicationLimits.DigestRegionBytes;
    private const int Block = ReplicationLimits.DigestBlockBytes;
    private const int Regions = 64;
    private const long DiskBytes = (Regions * Region) + 512;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_disk_at_rest_equals_its_point_to_the_last_byte()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        long sent = rig.Sink.ContentBytes(rig.DiskIds[0]);

        AsrVerification verification = await VerifyAsync(rig);

        Assert.True(verification.IsEqual);
        VerifiedDisk disk = Assert.Single(verification.Disks);
        Assert.Equal((DiskBytes, 0, 0, 0), (disk.EqualBytes, disk.EqualLaterBytes, disk.DifferentBytes, disk.UncomparedBytes));
        Assert.Equal(DiskBytes, verification.ReadBytes);
        AsrRecoveryPoint point = Assert.Single(rig.Sink.Points);
        Assert.Equal((point.Id, point.Time, RecoveryPointReason.Verification), (verification.RecoveryPointId, verification.RecoveryPointTime, point.Reason));
        Assert.Equal(sent, rig.Sink.ContentBytes(rig.DiskIds[0]));
    }

    [Fact]
    public async Task Writes_that_the_capture_missed_are_named_block_by_block_and_sent_anew_once_they_are_told()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        long sent = rig.Sink.ContentBytes(rig.DiskIds[0]);
        await MissAsync(rig, (3 * Region) + 5, 3);
        await MissAsync(rig, (10 * Region) - 1, 2);
        await MissAsync(rig, (20 * Region) + (3 * Block), 2 * Block);
        await MissAsync(rig, DiskBytes - 1, 1);

        AsrVerification verification = await VerifyAsync(rig);

        Assert.False(verification.IsEqual);
        VerifiedDisk disk = Assert.Single(verification.Disks);
        Assert.Equal(
            [
                new DiskRange(3 * Region, Block),
                new DiskRange((10 * Region) - Block, 2 * Block),
                new DiskRange((20 * Region) + (3 * Block), 2 * Block),
                new DiskRange(DiskBytes - 512, 512),
            ],
            disk.Differences);
        Assert.Equal((5 * Block) + 512, disk.DifferentBytes);
        Assert.Equal(DiskBytes - disk.DifferentBytes, disk.EqualBytes);

        // Nothing is mended while nobody knows: were the agent to end now, the next verification would find it all again.
        Assert.Equal(sent, rig.Sink.ContentBytes(rig.DiskIds[0]));
        rig.Replicator.NoteReported(rig.Replicator.GetReport());
        await rig.UntilAsync(report => report.InSync);
        await rig.SettledAsync();
        Assert.Equal((4 * Region) + 512, rig.Sink.ContentBytes(rig.DiskIds[0]) - sent);
        Assert.True((await VerifyAsync(rig)).IsEqual);
        await rig.AssertPointEqualsSourceAsync(await rig.QuiesceAsync());
    }

    [Fact]
    public async Task What_is_written_after_the_point_is_compared_where_the_stream_has_it()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        WriteOnceBeforeRead(rig, 7 * Region, 512);

        AsrVerification verification = await VerifyAsync(rig);

        Assert.True(verification.IsEqual);
        VerifiedDisk disk = Assert.Single(verification.Disks);
        Assert.Equal((DiskBytes - Region, Region), (disk.EqualBytes, disk.EqualLaterBytes));
    }

    [Fact]
    public async Task A_write_that_the_capture_missed_is_found_beside_one_that_it_has()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        await MissAsync(rig, (7 * Region) + (5 * Block), 1);
        WriteOnceBeforeRead(rig, (7 * Region) + (2 * Block), 512);

        AsrVerification verification = await VerifyAsync(rig);

        VerifiedDisk disk = Assert.Single(verification.Disks);
        Assert.Equal([new DiskRange((7 * Region) + (5 * Block), Block)], disk.Differences);
        Assert.Equal((DiskBytes - Region, Region - Block), (disk.EqualBytes, disk.EqualLaterBytes));
    }

    [Fact]
    public async Task A_write_that_is_in_the_stream_and_not_yet_on_the_disk_is_no_difference()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        TaskCompletionSource gate = new();
        rig.Sources[0].BeforeWrite = _ => gate.Task;
        Task writing = rig.Disks[0].WriteAsync(11 * Region, ReplicationTests.Content(3, 4096), Stop).AsTask();

        Guid id = await StartAsync(rig);
        await rig.UntilAsync(report => report.Verification?.RecoveryPointId is not null);
        Assert.Null(rig.Replicator.GetReport().Verification!.EndTime);
        gate.SetResult();
        await writing;

        AsrVerification verification = await EndedAsync(rig, id);
        Assert.True(verification.IsEqual);
        Assert.Equal(DiskBytes, verification.Disks[0].EqualBytes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Under_writes_everywhere_and_a_faulty_link_nothing_is_said_to_differ_and_all_is_compared(int seed)
    {
        await using ReplicationRig rig = new(diskCount: 2, diskBytes: DiskBytes);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        rig.Sink.Faults = new SinkFaults(seed) { Rate = 0.02 };
        StampedWriters writers = new(seed, 2, Regions * Region);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        Task writing = writers.RunAsync(rig.Disks, stop.Token);

        AsrVerification verification = await VerifyAsync(rig);
        await stop.CancelAsync();
        await writing;

        Assert.Null(verification.Error);
        Assert.All(verification.Disks, disk => Assert.Empty(disk.Differences));
        Assert.All(verification.Disks, disk => Assert.Equal(0, disk.UncomparedBytes));
        Assert.True(verification.Disks.Sum(disk => disk.EqualLaterBytes) > 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Every_missed_write_is_found_while_the_workload_goes_on_beside_it(int seed)
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        Random random = new(seed);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);

        // The workload has the first four blocks of each region, and what it misses lies in the others.
        Task writing = Task.Run(
            async () =>
            {
                Random places = new(seed);
                while (!stop.IsCancellationRequested)
                {
                    await rig.Disks[0].WriteAsync((places.Next(Regions) * (long)Region) + (places.Next(4) * Block), ReplicationTests.Content(places.Next(), Block), CancellationToken.None);
                    await Task.Yield();
                }
            },
            Stop);
        HashSet<DiskRange> missed = [];
        while (missed.Count < 12)
        {
            long block = (random.Next(Regions) * (long)Region) + (random.Next(2, 8) * 2L * Block);
            if (missed.Add(new DiskRange(block, Block)))
            {
                await MissAsync(rig, block + random.Next(Block), 1);
            }
        }

        AsrVerification verification = await VerifyAsync(rig);
        await stop.CancelAsync();
        await writing;

        Assert.Null(verification.Error);
        Assert.Equal(missed.OrderBy(range => range.Offset), verification.Disks[0].Differences.OrderBy(range => range.Offset));
        Assert.Equal(0, verification.Disks[0].UncomparedBytes);
    }

    [Fact]
    public async Task A_lost_session_and_a_lost_spool_in_the_middle_change_nothing()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        await MissAsync(rig, 50 * Region, 1);
        int reads = 0;
        rig.Sources[0].BeforeRead = async offset =>
        {
            if (Interlocked.Increment(ref reads) == 2)
            {
                await rig.Disks[0].WriteAsync(5 * Region, ReplicationTests.Content(8, 4096), Stop);
                rig.Sink.LoseSessions(losesSpool: true);
            }
        };

        AsrVerification verification = await VerifyAsync(rig);

        Assert.Null(verification.Error);
        Assert.Equal([new DiskRange(50 * Region, Block)], verification.Disks[0].Differences);
        Assert.Equal(0, verification.Disks[0].UncomparedBytes);
    }

    [Fact]
    public async Task It_ends_when_replication_does_or_when_it_is_not_asked_for_any_more_and_is_not_begun_again()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        rig.Sources[0].BeforeRead = _ =>
        {
            rig.Sink.Faults.IsDown = true;
            return Task.CompletedTask;
        };
        Guid id = await StartAsync(rig);
        await rig.UntilAsync(report => report.Verification is { ReadBytes: DiskBytes });
        await rig.ReachAsync(AgentMode.Pause, assignment => assignment with { VerificationId = id });
        rig.Sink.Faults.IsDown = false;
        AsrVerification ended = await EndedAsync(rig, id);
        Assert.Equal(AsrErrorCode.Cancelled, ended.Error!.Code);
        Assert.False(ended.IsEqual);

        rig.Sources[0].BeforeRead = null;
        await rig.ReplicateUntilInSyncAsync(assignment => assignment with { VerificationId = id });
        Assert.Equal(ended.EndTime, (await EndedAsync(rig, id)).EndTime);
        await rig.ReachAsync(AgentMode.Replicate);
        Assert.Null(rig.Replicator.GetReport().Verification);
        Assert.True((await VerifyAsync(rig)).IsEqual);
    }

    [Fact]
    public async Task A_disk_that_cannot_be_read_is_an_error_and_no_difference()
    {
        await using ReplicationRig rig = await ReplicatedAsync();
        rig.Sources[0].BadReadAt = 30 * Region;

        AsrVerification verification = await VerifyAsync(rig);

        Assert.NotNull(verification.Error);
        Assert.False(verification.IsEqual);
        Assert.Equal(0, verification.Disks[0].DifferentBytes);
    }

    private static void WriteOnceBeforeRead(ReplicationRig rig, long offset, int length)
    {
        int reads = 0;
        rig.Sources[0].BeforeRead = async _ =>
        {
            if (Interlocked.Increment(ref reads) == 1)
            {
                await rig.Disks[0].WriteAsync(offset, ReplicationTests.Content(5, length), Stop);
            }
        };
    }

    // Past the capture, as a write to the image behind the splitter is.
    private static async Task MissAsync(ReplicationRig rig, long offset, int length)
    {
        byte[] content = new byte[length];
        await rig.Sources[0].Inner.ReadAsync(offset, content, Stop);
        for (int i = 0; i < length; i++)
        {
            content[i] ^= 0x55;
        }

        await rig.Sources[0].Inner.WriteAsync(offset, content, Stop);
    }

    private static async Task<AsrVerification> VerifyAsync(ReplicationRig rig) => await EndedAsync(rig, await StartAsync(rig));

    private static async Task<Guid> StartAsync(ReplicationRig rig)
    {
        Guid id = Guid.NewGuid();
        await rig.ReachAsync(AgentMode.Replicate, assignment => assignment with { VerificationId = id });
        return id;
    }

    private static async Task<AsrVerification> EndedAsync(ReplicationRig rig, Guid id) =>
        (await rig.UntilAsync(report => report.Verification is { EndTime: not null } verification && verification.Id == id)).Verification!;

    private static async Task<ReplicationRig> ReplicatedAsync()
    {
        ReplicationRig rig = new(diskCount: 1, diskBytes: DiskBytes);
        await rig.Sources[0].WriteAsync(0, ReplicationTests.Content(1, (int)DiskBytes), Stop);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        await rig.SettledAsync();
        return rig;
    }
}
