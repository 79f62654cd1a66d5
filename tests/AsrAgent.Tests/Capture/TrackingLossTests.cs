using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Capture.Bpf;
using Asr.Agent.Tests.EndToEnd;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Shipping;
using Asr.Testing;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Capture;

/// <summary>What the tracking is made to miss must be noticed, announced and healed, before any point that would lack it.</summary>
public sealed class TrackingLossTests
{
    private const long DiskBytes = 64 << 20;
    private const int UnseenSector = 40_960;
    private const int DiscardedSector = 65_536;
    private const int OperationDiscard = 3;
    private const int Block = 4096;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AProbeThatMissedAWriteIsADoubtAtOnceAndALossAtRest()
    {
        await using LoopDisk disk = await LoopDisk.CreateAsync(DiskBytes);
        using PinFolder pins = new();
        using WriteTracker tracker = OpenLossy(disk, pins);
        Assert.True(tracker.Drain(Ignore, DiskRest.Assumed).IsFirstRest);
        await WriteAsync(disk, 8);
        Assert.False(tracker.Drain(Ignore, DiskRest.None).IsDoubtful);

        await WriteAsync(disk, UnseenSector);
        Assert.True(tracker.Drain(Ignore, DiskRest.None).IsDoubtful);
        Assert.Contains("8 more sectors", tracker.Drain(Ignore, DiskRest.Assumed).Loss);
        Assert.Null(tracker.Drain(Ignore, DiskRest.Assumed).Loss);
    }

    [Fact]
    public async Task ABitThatVanishedIsADoubtAtOnceAndALossAtRest()
    {
        await using LoopDisk disk = await LoopDisk.CreateAsync(DiskBytes);
        using PinFolder pins = new();
        using WriteTracker tracker = WriteTracker.Open(disk.Facts, pins.Path);
        tracker.Drain(Ignore, DiskRest.Assumed);
        await WriteAsync(disk, 800);
        using (PinnedTracker kernel = PinnedTracker.Open(pins.Path, new TrackerGeometry(disk.Facts.Sequence, DiskBytes, Block))!)
        {
            Assert.NotEqual(0ul, kernel.Blocks.ClearBits(1, 1UL << (100 - 64)));
        }

        Assert.True(tracker.Drain(Ignore, DiskRest.None).IsDoubtful);
        Assert.NotNull(tracker.Drain(Ignore, DiskRest.Assumed).Loss);
        await WriteAsync(disk, 800);
        Assert.Null(tracker.Drain(Ignore, DiskRest.Assumed).Loss);
    }

    [Fact]
    public async Task AMissedEndOfAWriteIsNoLoss()
    {
        await using LoopDisk disk = await LoopDisk.CreateAsync(DiskBytes);
        using PinFolder pins = new();
        using WriteTracker tracker = WriteTracker.Open(
            disk.Facts, pins.Path, programs: static (layer, device, shift) => new DeafPrograms(layer, device, shift));
        tracker.Drain(Ignore, DiskRest.Assumed);
        await WriteAsync(disk, 8);
        int told = 0;
        DrainOutcome first = tracker.Drain((_, _) => told++, DiskRest.None);
        DrainOutcome second = tracker.Drain((_, _) => told++, DiskRest.None);

        // As far as is known the write is still on its way, so its block is told each time.
        Assert.Equal((2, true, true), (told, first.IsUnderWay, second.IsUnderWay));
        Assert.Null(tracker.Drain(Ignore, DiskRest.Frozen).Loss);
        Assert.False(tracker.Drain(Ignore, DiskRest.Frozen).IsUnderWay);
    }

    [Fact]
    public Task AMissedWriteIsAnnouncedAndHealedAndNoPointLacksIt() =>
        RequireHealedAsync(OpenLossy, disk => WriteAsync(disk, UnseenSector), "more sectors written than were tracked");

    // What a zone append or a command past the block layer is to the programs, a discard is made to be: no device here takes the real ones.
    [Fact]
    public Task AnOperationWithoutAPlaceIsAnnouncedAndHealed() => RequireHealedAsync(
        static (disk, pins) => WriteTracker.Open(disk.Facts, pins.Path, layer: BlockLayer.Of(KernelTypes.Load()!) with { ZoneAppend = OperationDiscard }),
        DiscardAsync,
        "1 operations changed the disk in a way that cannot be tracked");

    [Fact]
    public Task ACommandPastTheBlockLayerIsAnnouncedAndHealed() => RequireHealedAsync(
        static (disk, pins) => WriteTracker.Open(disk.Facts, pins.Path, layer: BlockLayer.Of(KernelTypes.Load()!) with { DriverOut = OperationDiscard }),
        DiscardAsync,
        "1 operations changed the disk in a way that cannot be tracked");

    private static async Task RequireHealedAsync(Func<LoopDisk, PinFolder, WriteTracker> open, Func<LoopDisk, Task> harm, string reason)
    {
        await using LoopDisk disk = await LoopDisk.CreateAsync(DiskBytes);
        using PinFolder pins = new();
        using TemporaryFolder folder = new();
        Guid diskId = Guid.NewGuid();
        ActivityLog log = ActivityLog.Open(folder.At("log"), diskId, DiskBytes);
        await WriteAsync(disk, DiscardedSector);
        await using DiskCapture capture = new(diskId, "data", DirectDisk.Open(disk.DevicePath), log, tracker: open(disk, pins));
        InMemoryReplicationSink sink = new();
        await using MachineReplicator replicator = new(Guid.NewGuid(), [capture], sink, sink);
        await replicator.ApplyAsync(
            new AgentAssignment { Revision = 1, Mode = AgentMode.Replicate, DiskIds = [diskId], CrashConsistentFrequencySeconds = 1 }, Stop);
        await Eventually.SeeAsync("a first point", () => Task.FromResult(sink.Points.Count), static count => count > 0);

        long began = Stopwatch.GetTimestamp();
        await harm(disk);
        DateTimeOffset written = TimeProvider.System.GetUtcNow();
        AgentReport report = await Eventually.SeeAsync("the loss", () => Task.FromResult(replicator.GetReport()), static report => report.ResynchronizeReason is not null);
        Assert.Contains(reason, report.ResynchronizeReason, StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine($"Told after {Stopwatch.GetElapsedTime(began).TotalMilliseconds:0} ms");
        AsrRecoveryPoint? point = await Eventually.SeeAsync(
            "a point after the loss", () => Task.FromResult(sink.Points.FirstOrDefault(point => point.Time > written)), static point => point is not null);
        Assert.Equal(Convert.ToHexString(SHA256.HashData(await ReadAsync(disk))), Convert.ToHexString(SHA256.HashData(sink.Image(diskId, point!.Id))));
    }

    private static WriteTracker OpenLossy(LoopDisk disk, PinFolder pins) => WriteTracker.Open(
        disk.Facts, pins.Path, programs: static (layer, device, shift) => new LossyPrograms(layer, device, shift, UnseenSector));

    private static void Ignore(long first, long count)
    {
    }

    private static async Task WriteAsync(LoopDisk disk, long sector) => await RealTools.CheckAsync(
        "dd", "if=/dev/urandom", $"of={disk.DevicePath}", "bs=4096", "count=1", $"seek={sector * 512 / Block}", "oflag=direct", "conv=notrunc", "status=none");

    private static async Task DiscardAsync(LoopDisk disk)
    {
        RealTools.Require("blkdiscard");
        await RealTools.CheckAsync("blkdiscard", "--offset", $"{DiscardedSector * 512L}", "--length", $"{Block}", disk.DevicePath);
    }

    private static async Task<byte[]> ReadAsync(LoopDisk disk)
    {
        await using DirectDisk device = DirectDisk.Open(disk.DevicePath);
        byte[] content = new byte[DiskBytes];
        await device.ReadAsync(0, content, Stop);
        return content;
    }

    /// <summary>The product's programs, but for ends of writes, which are never seen.</summary>
    private sealed class DeafPrograms(BlockLayer layer, TrackedDevice device, int blockShift) : TrackerPrograms(layer, device, blockShift)
    {
        public override ulong[] OnRequestComplete(TrackerMaps maps)
        {
            BpfAssembler code = new();
            code.Calculate(Operation.Move, Register.R0, 0);
            code.Exit();
            return code.Finish();
        }
    }
}
