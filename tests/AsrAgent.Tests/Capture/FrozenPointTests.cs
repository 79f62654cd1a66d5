using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Tests.EndToEnd;
using Asr.Contracts;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Capture;

/// <summary>Recovery points of a mounted file system under load: each is a disk whose file system is whole and holds what had been synced.</summary>
public sealed class FrozenPointTests
{
    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(5);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ext4", 96)]
    [InlineData("xfs", 320)]
    public async Task EveryPointOfABusyFileSystemIsWhole(string fileSystem, int mebibytes)
    {
        RealTools.Require("fio", "fstrim", "mkfs." + fileSystem);
        await using LoopDisk disk = await LoopDisk.CreateAsync((long)mebibytes << 20);
        await disk.FormatAsync(fileSystem);
        await disk.MountAsync();
        await using DrSite site = await DrSite.StartProtectedAsync(machineDisk: disk);

        using CancellationTokenSource load = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        SortedList<DateTimeOffset, int> synced = [];
        Task[] work =
        [
            RealTools.CheckAsync(
                "fio", "--name=w", $"--directory={disk.MountPoint}", "--rw=randwrite", "--bs=4k", "--ioengine=mmap", "--size=12m", "--time_based", "--refill_buffers",
                "--runtime=" + (int)LoadTime.TotalSeconds),
            Task.Run(() => ChurnFiles(disk.MountPoint, synced, load.Token), Stop),
            TrimAsync(disk.MountPoint, load.Token),
        ];
        await Task.Delay(LoadTime, Stop);
        await load.CancelAsync();
        await Task.WhenAll(work);
        await disk.UnmountAsync();
        AsrRecoveryPoint last = await site.PointAfterNowAsync();
        Assert.DoesNotContain((await site.MachineAsync()).HealthErrors, error => error.Severity == EventSeverity.Critical);

        // The newest equals the disk, which nobody has mounted any more; those in between stand for themselves.
        await site.RequireDrillEqualsSourceAsync(last.Id);
        AsrRecoveryPoint[] points = [.. (await site.Operator.GetPointsAsync(site.MachineId)).Where(point => point.Time > synced.Keys[0])];
        Assert.True(points.Length >= 3, $"{points.Length} points were made under load.");
        foreach (AsrRecoveryPoint point in points.Take(2))
        {
            await RequireWholeAsync(site, point, fileSystem, synced);
        }
    }

    // Writes files, syncs each, and deletes old ones; notes when a file was safe.
    private static void ChurnFiles(string folder, SortedList<DateTimeOffset, int> synced, CancellationToken stop)
    {
        byte[] content = new byte[40_000];
        for (int number = 0; !stop.IsCancellationRequested; number++)
        {
            Random.Shared.NextBytes(content);
            BitConverter.TryWriteBytes(content, number);
            using (FileStream file = File.Create(Path.Combine(folder, $"file{number % 50}")))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            synced.Add(TimeProvider.System.GetUtcNow(), number);
            File.Delete(Path.Combine(folder, $"file{(number + 25) % 50}"));
        }
    }

    private static async Task TrimAsync(string mountPoint, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await RealTools.CheckAsync("fstrim", mountPoint);
            await Task.Delay(700, CancellationToken.None);
        }
    }

    private static async Task RequireWholeAsync(DrSite site, AsrRecoveryPoint point, string fileSystem, SortedList<DateTimeOffset, int> synced)
    {
        string image = site.At($"{point.Id:N}.img");
        await site.CopyDrillAsync(point.Id, image);
        if (fileSystem == "ext4")
        {
            // Freezing empties the journal: the check, which changes nothing, finds nothing to replay and nothing wrong.
            await RealTools.CheckAsync("fsck.ext4", "-f", "-n", image);
        }

        await using (MountedImage mounted = await MountedImage.MountAsync(image))
        {
            int newest = synced.Last(entry => entry.Key < point.Time).Value;
            int found = Directory.EnumerateFiles(mounted.Path, "file*")
                .Select(path => File.ReadAllBytes(path)).Where(content => content.Length == 40_000).Select(content => BitConverter.ToInt32(content)).DefaultIfEmpty(-1).Max();
            Assert.True(found >= newest, $"The point of {point.Time:O} has file {found}; {newest} was synced before.");
        }

        if (fileSystem == "xfs")
        {
            // XFS leaves itself a record to replay when it is frozen (xfs_log_quiesce), so it is checked once mounted.
            await RealTools.CheckAsync("xfs_repair", "-n", "-f", image);
        }

        File.Delete(image);
    }
}
