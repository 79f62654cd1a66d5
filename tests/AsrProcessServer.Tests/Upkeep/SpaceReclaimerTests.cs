using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Tests.Jobs;
using Asr.ProcessServer.Upkeep;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Asr.ProcessServer.Tests.Upkeep;

/// <summary>What removed points alone needed is given back, while the machine replicates.</summary>
public sealed class SpaceReclaimerTests
{
    [Fact]
    public async Task Space_of_removed_points_is_given_back_once_the_window_has_passed_and_every_point_left_reads_the_same()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabAgent.StartAsync(lab);
        AsrJob enabled = await lab.RunAsync(agent.MachineId, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold" });
        Assert.Equal(JobState.Succeeded, enabled.State);
        for (int i = 0; i < 5; i++)
        {
            foreach (DiskCapture disk in agent.Disks)
            {
                await disk.WriteAsync(64 << 10, RandomNumberGenerator.GetBytes(512 << 10), RecoveryLab.Stop);
            }
            await lab.NextPointAsync(agent.MachineId);
        }

        // The window counts back from the appliance's clock; agent and points have the real one.
        SpaceReclaimer reclaimer = lab.Services.GetRequiredService<SpaceReclaimer>();
        CompactionOptions eager = new() { DeadShareMin = 0.01, SmallObjectsMin = 2, BytesPerSecondMax = long.MaxValue / 4 };
        IReadOnlyList<AsrRecoveryPoint> points = await lab.Points.ListAsync(agent.MachineId, int.MaxValue, RecoveryLab.Stop);
        await RemoveAllButAsync(lab, agent, points[0], points[^1]);
        long before = StoredBytes(lab);
        await reclaimer.ReclaimAsync(await MachineAsync(lab, agent), eager, RecoveryLab.Stop);
        Assert.True(StoredBytes(lab) > before * 3 / 4, "Inside the window every second stays.");
        string[] expected = [.. await HashesAsync(lab, points[0]), .. await HashesAsync(lab, points[^1])];

        lab.Time.Advance(TimeSpan.FromDays(40));
        await reclaimer.ReclaimAsync(await MachineAsync(lab, agent), eager, RecoveryLab.Stop);

        Assert.True(StoredBytes(lab) < before * 3 / 4, $"{StoredBytes(lab)} of {before} bytes are left.");
        string[] actual = [.. await HashesAsync(lab, points[0]), .. await HashesAsync(lab, points[^1])];
        Assert.Equal(expected, actual);
        await lab.NextPointAsync(agent.MachineId);
        Assert.Equal(await agent.HashesAsync(), await HashesAsync(lab, (await lab.Points.ListAsync(agent.MachineId, 1, RecoveryLab.Stop))[0]));
    }

    private static async Task<MachineDocument> MachineAsync(RecoveryLab lab, LabAgent agent) =>
        (await lab.Services.GetRequiredService<MachineDirectory>().ListAsync(RecoveryLab.Stop)).Single(machine => machine.Id == agent.MachineId);

    private static async Task RemoveAllButAsync(RecoveryLab lab, LabAgent agent, params AsrRecoveryPoint[] kept)
    {
        string collection = $"points-{agent.MachineId:D}";
        await foreach (CatalogDocument document in lab.Vault.Catalog.ListAsync(collection, RecoveryLab.Stop))
        {
            AsrRecoveryPoint point = CatalogJson.Read<AsrRecoveryPoint>(collection, document);
            if (point.Time < kept[0].Time && point.Id != kept[^1].Id)
            {
                await lab.Vault.Catalog.DeleteAsync(collection, document.Id, document.ETag, RecoveryLab.Stop);
            }
        }
    }

    private static async Task<string[]> HashesAsync(RecoveryLab lab, AsrRecoveryPoint point) => await Task.WhenAll(point.Disks.Select(async disk =>
    {
        await using IBlockDevice image = await lab.Vault.OpenAsync(disk.DiskId, new StreamPosition(disk.Epoch, disk.Sequence), RecoveryLab.Stop);
        return await LabAgent.HashAsync(image);
    }));

    private static long StoredBytes(RecoveryLab lab) => Directory
        .EnumerateFiles(Path.Combine(lab.Folder, "vault", "disks"), "*", SearchOption.AllDirectories)
        .Where(static path => Path.GetExtension(path) is ".seg" or ".pak")
        .Sum(static path => new FileInfo(path).Length);
}
