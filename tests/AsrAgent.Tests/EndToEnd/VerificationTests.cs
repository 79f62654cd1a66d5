using System;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Tests.Capture;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>Disks in use compared with their replicas by the real processes, and writes that nobody captured.</summary>
public sealed class VerificationTests
{
    private const int Block = ReplicationLimits.DigestBlockBytes;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AWriteToTheImageBehindTheExportIsFoundWhileTheExportIsWritten()
    {
        await using DrSite site = await DrSite.StartProtectedAsync();
        await WriteBehindAsync(site.DiskPath, (12 << 20) + 10);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        Task writing = WriteAllTheTimeAsync(site, stop.Token);

        AsrJob job = await site.RunAsync(MachineOperation.VerifyReplication);
        await stop.CancelAsync();
        await writing;

        await RequireFoundAndMendedAsync(site, job, new DiskRange(12 << 20, Block));
    }

    [Fact]
    public async Task AWriteBehindTheTrackerIsFoundWhileTheDiskIsWritten()
    {
        RealTools.Require("fio");
        await using LoopDisk disk = await LoopDisk.CreateAsync(64 << 20);
        await using DrSite site = await DrSite.StartProtectedAsync(machineDisk: disk);
        string image = (await File.ReadAllTextAsync($"/sys/block/{Path.GetFileName(disk.DevicePath)}/loop/backing_file", Stop)).Trim();
        await WriteBehindAsync(image, (48 << 20) + 10);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);

        // In short runs, so that points find a moment of rest: the disk carries no file system that could be frozen.
        Task writing = Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    await RealTools.CheckAsync(
                        "fio", "--name=w", $"--filename={disk.DevicePath}", "--direct=1", "--ioengine=libaio", "--rw=randwrite", "--bs=4k", "--iodepth=4", "--size=32m", "--io_size=1m", "--randrepeat=0");
                    await Task.Delay(500, CancellationToken.None);
                }
            },
            Stop);

        AsrJob job = await site.RunAsync(MachineOperation.VerifyReplication);
        await stop.CancelAsync();
        await writing;

        await RequireFoundAndMendedAsync(site, job, new DiskRange(48 << 20, Block));
    }

    private static async Task RequireFoundAndMendedAsync(DrSite site, AsrJob job, DiskRange missed)
    {
        Assert.Equal(JobState.Succeeded, job.State);
        VerifiedDisk found = Assert.Single(job.Verification!.Disks);
        Assert.Equal([missed], found.Differences);
        Assert.Equal(0, found.UncomparedBytes);
        await Eventually.SeeAsync("the difference to be told", site.MachineAsync, machine => machine.Health == EventSeverity.Critical);
        await site.RequireDrillEqualsSourceAsync((await site.PointAfterNowAsync()).Id);
        Assert.True((await site.RunAsync(MachineOperation.VerifyReplication)).Verification!.IsEqual);
    }

    private static async Task WriteAllTheTimeAsync(DrSite site, CancellationToken stop)
    {
        await using IBlockDevice export = await site.OpenDiskAsync();
        Random random = new(1);
        while (!stop.IsCancellationRequested)
        {
            await DrSite.WriteAsync(export, random.Next(2048) * 4096L, 4096);
        }
    }

    // The agent keeps other .NET processes out of an image that it serves; dd does not ask.
    private static Task WriteBehindAsync(string image, long offset) => RealTools.CheckAsync(
        "dd", "if=/dev/urandom", $"of={image}", "bs=1", "count=16", string.Create(CultureInfo.InvariantCulture, $"seek={offset}"), "conv=notrunc", "status=none");
}
