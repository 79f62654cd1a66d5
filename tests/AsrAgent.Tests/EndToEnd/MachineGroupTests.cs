using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Tests.Capture;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>
/// A consistency group of two real machines: a write that followed another one on the other machine is in no shared point without it; and whoever is cut off in the middle of a freeze leaves both
/// machines going on, without a point.
/// </summary>
public sealed class MachineGroupTests(ITestOutputHelper output)
{
    private const int BlockBytes = 4096;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SharedPointsKeepTheOrderOfWritesFromMachineToMachine()
    {
        await using GroupSite site = await GroupSite.StartAsync(TimeSpan.Zero);
        await using TurnWriter writer = new(site);
        await writer.RequireProgressAsync();
        List<(AsrRecoveryPoint Files, AsrRecoveryPoint Blocks)> shared = await site.NextSharedAsync(3);
        await writer.StopAsync();
        foreach ((AsrRecoveryPoint files, AsrRecoveryPoint blocks) in shared.Take(3))
        {
            output.WriteLine($"span {files.MultiMachine!.SpanMs} ms");
            Assert.Equal(RecoveryPointGrade.Frozen, files.Grade);
            Assert.Equal(RecoveryPointGrade.Ordered, blocks.Grade);
            Assert.Equal([site.FilesId, site.BlocksId], files.MultiMachine.MachineIds.OrderBy(id => id == site.BlocksId));
            await RequireOrderAsync(site, files, blocks);
        }

        AsrReplicatedMachine machine = await site.Operator.GetMachineAsync(site.FilesId);
        Assert.Equal(GroupSite.Group, machine.ConsistencyGroup);
        Assert.DoesNotContain(machine.HealthErrors, error => error.Code == "SharedPointsMissing");
    }

    [Theory]
    [InlineData("files", false)]
    [InlineData("blocks", false)]
    [InlineData("blocks", true)]
    public async Task WhoeverIsCutOffInTheMiddleOfAFreezeLeavesAllMachinesGoingOn(string cut, bool isSuspended)
    {
        // The order to come to rest reaches the second machine so much later, and its answer the appliance: the first is frozen for twice the time.
        await using GroupSite site = await GroupSite.StartAsync(TimeSpan.FromMilliseconds(120));
        await site.NextSharedAsync(1);
        await using TurnWriter writer = new(site);
        await writer.RequireProgressAsync();
        await writer.WaitForFreezeAsync(TimeSpan.FromMilliseconds(80));
        DateTimeOffset cutAt = TimeProvider.System.GetUtcNow();
        await SetCutAsync(site, cut, isSuspended, true);

        if (isSuspended)
        {
            // Its disk is served by the process that is stopped; the other machine's file system must not be frozen with it.
            await writer.RequireFilesWritableAsync();
        }
        else
        {
            await writer.RequireProgressAsync();
        }

        AsrEvent told = await Eventually.SeeAsync(
            "an event that names the machine", async () => (await site.Operator.GetEventsAsync()).FirstOrDefault(told => told.Code == nameof(AsrErrorCode.ConsistencyRoundFailed)), told => told is not null) ?? throw new InvalidOperationException();
        output.WriteLine(told.Message);
        Assert.Equal(cut, told.MachineName);
        string other = cut == "files" ? "blocks" : "files";
        Guid otherId = other == "files" ? site.FilesId : site.BlocksId;
        await Eventually.SeeAsync(
            "a point of the other machine alone", async () => (await site.Operator.GetPointsAsync(otherId)).FirstOrDefault(), point => point is { MultiMachine: null } && point.Time > cutAt);
        await Eventually.SeeAsync(
            "health that says so", () => site.Operator.GetMachineAsync(otherId), machine => machine.HealthErrors.Any(error => error.Code == "SharedPointsMissing"));
        Assert.Empty(await site.SharedAfterAsync(cutAt));

        await SetCutAsync(site, cut, isSuspended, false);
        List<(AsrRecoveryPoint Files, AsrRecoveryPoint Blocks)> shared = await site.NextSharedAsync(1);
        await writer.StopAsync();
        await RequireOrderAsync(site, shared[0].Files, shared[0].Blocks);
        await Eventually.SeeAsync("health to be well", () => site.Operator.GetMachineAsync(otherId), machine => machine.HealthErrors.All(error => error.Code != "SharedPointsMissing"));

        // Half a round is none: each machine has the same shared points.
        await Eventually.SeeAsync(
            "the same shared points on both",
            async () => (Files: await SharedIdsAsync(site, site.FilesId), Blocks: await SharedIdsAsync(site, site.BlocksId)),
            ids => ids.Files.SetEquals(ids.Blocks));
    }

    private static async Task SetCutAsync(GroupSite site, string cut, bool isSuspended, bool isCut)
    {
        if (isSuspended)
        {
            site.BlocksAgent.Suspend(isCut);
            return;
        }

        MachineNetwork network = cut == "files" ? site.FilesNetwork : site.BlocksNetwork;
        await (isCut ? network.CutAsync() : network.MendAsync());
    }

    private static async Task<HashSet<Guid>> SharedIdsAsync(GroupSite site, Guid machine) =>
        [.. (await site.Operator.GetPointsAsync(machine)).Where(point => point.MultiMachine is not null).Select(point => point.MultiMachine!.Id)];

    // The counter goes to the file first and to the block when that is done.
    private async Task RequireOrderAsync(GroupSite site, AsrRecoveryPoint files, AsrRecoveryPoint blocks)
    {
        string filesImage = await site.CopyAsync(files);
        string blocksImage = await site.CopyAsync(blocks);
        long first;
        await using (MountedImage mounted = await MountedImage.MountAsync(filesImage))
        {
            first = BitConverter.ToInt64(await File.ReadAllBytesAsync(Path.Combine(mounted.Path, TurnWriter.FileName), Stop));
        }

        await using FileBlockDevice device = FileBlockDevice.Open(blocksImage, isReadOnly: true);
        byte[] block = new byte[BlockBytes];
        await device.ReadAsync(0, block, Stop);
        long second = BitConverter.ToInt64(block);
        output.WriteLine($"{files.Time:O}: {first} {second}");
        Assert.InRange(first - second, 0, 1);
        Assert.True(first > 0, "Nothing had been written.");
        File.Delete(filesImage);
        File.Delete(blocksImage);
    }

    /// <summary>Writes a counter to the first machine's file and has it on the disk, then to the second's block; then the next number.</summary>
    private sealed class TurnWriter : IAsyncDisposable
    {
        public const string FileName = "counter";

        private readonly GroupSite _site;
        private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        private readonly Task _work;
        private long _number;
        private long _fileWriteBegun;

        public TurnWriter(GroupSite site)
        {
            _site = site;
            _work = Task.Run(RunAsync);
        }

        /// <summary>Looks until a write to the file system has not ended for so long: nothing else than a freeze holds it up.</summary>
        public async Task WaitForFreezeAsync(TimeSpan pause)
        {
            while (Interlocked.Read(ref _fileWriteBegun) is not (> 0 and long begun) || TimeProvider.System.GetElapsedTime(begun) < pause)
            {
                Assert.False(_work.IsCompleted, "The writer has ended.");
                await Task.Delay(1, Stop);
            }
        }

        public Task RequireProgressAsync()
        {
            long from = Interlocked.Read(ref _number);
            return Eventually.SeeAsync("both machines to be written to", () => Task.FromResult(Interlocked.Read(ref _number)), number => number > from + 2);
        }

        public Task RequireFilesWritableAsync() => Eventually.SeeAsync(
            "the file system to be written to", () => Task.FromResult(Interlocked.Read(ref _fileWriteBegun)), begun => begun == 0);

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _work;
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }

        private async Task RunAsync()
        {
            await using IBlockDevice blocks = await _site.OpenBlocksAsync();
            await using FileStream file = new(Path.Combine(_site.MountPoint, FileName), FileMode.Create, FileAccess.Write, FileShare.Read, 0);
            byte[] block = new byte[BlockBytes];
            while (!_stop.IsCancellationRequested)
            {
                BitConverter.TryWriteBytes(block, _number + 1);
                Interlocked.Exchange(ref _fileWriteBegun, TimeProvider.System.GetTimestamp());
                file.Position = 0;
                file.Write(block);
                file.Flush(flushToDisk: true);
                Interlocked.Exchange(ref _fileWriteBegun, 0);
                await blocks.WriteAsync(0, block, CancellationToken.None);
                Interlocked.Increment(ref _number);
            }
        }
    }
}
