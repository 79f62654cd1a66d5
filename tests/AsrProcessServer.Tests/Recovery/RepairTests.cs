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

namespace Asr.ProcessServer.Tests.Recovery;

/// <summary>
/// Damage in the vault of a machine that is replicated, and its repair by a resynchronisation, which compares what the vault holds with the disks and sends what
/// differs. The points are read as another process would, with nothing in memory.
/// </summary>
public sealed class RepairTests
{
    private const int Area = 512 << 10;

    /// <summary>What was damaged while the appliance ran, or while it was down and its successor has to find its way beside it.</summary>
    [Theory]
    [InlineData(Damage.Content, false)]
    [InlineData(Damage.Content, true)]
    [InlineData(Damage.Table, false)]
    [InlineData(Damage.Table, true)]
    [InlineData(Damage.Gone, false)]
    [InlineData(Damage.Gone, true)]
    public async Task A_damaged_segment_fails_the_points_that_need_it_until_a_resynchronisation(Damage damage, bool restarts)
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await StartAsync(lab);
        AsrRecoveryPoint before = await lab.NextPointAsync(agent.MachineId);
        string[] then = await agent.HashesAsync();
        string segment = await WriteAsync(lab, agent);
        AsrRecoveryPoint damaged = await lab.NextPointAsync(agent.MachineId);

        await DamageAsync(segment, damage);
        if (restarts)
        {
            await lab.RestartWithVaultAsync();
            AsrRecoveryPoint next = await lab.NextPointAsync(agent.MachineId);
            await AssertNamedAsync(lab, next, segment);
            Assert.Equal(damage != Damage.Content, (await lab.EventsAsync()).Any(seen => seen.Code == VaultHealth.ObjectDamaged && seen.Message.Contains(Path.GetFileNameWithoutExtension(segment), StringComparison.Ordinal)));
        }

        await AssertNamedAsync(lab, damaged, segment);
        await ResynchronizeAsync(lab, agent);

        AsrRecoveryPoint repaired = await lab.NextPointAsync(agent.MachineId);
        Assert.Equal(await agent.HashesAsync(), await ReadAsync(lab, repaired));
        Assert.Equal(then, await ReadAsync(lab, before));
        await AssertNamedAsync(lab, damaged, segment);

        // Nothing is left to tell of: the next session opens whole.
        int told = (await lab.EventsAsync()).Count(static seen => seen.Code == VaultHealth.ObjectDamaged);
        await lab.RestartWithVaultAsync();
        Assert.Equal(await agent.HashesAsync(), await ReadAsync(lab, await lab.NextPointAsync(agent.MachineId)));
        Assert.Equal(told, (await lab.EventsAsync()).Count(static seen => seen.Code == VaultHealth.ObjectDamaged));
    }

    [Theory]
    [InlineData(Damage.Content)]
    [InlineData(Damage.Table)]
    [InlineData(Damage.Gone)]
    public async Task A_damaged_pack_is_repaired_too(Damage damage)
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await StartAsync(lab);
        await lab.NextPointAsync(agent.MachineId);
        for (int i = 0; i < 3; i++)
        {
            await WriteAsync(lab, agent);
            await lab.NextPointAsync(agent.MachineId);
        }

        lab.Time.Advance(TimeSpan.FromDays(40));
        MachineDocument machine = (await lab.Services.GetRequiredService<MachineDirectory>().ListAsync(RecoveryLab.Stop)).Single();
        await lab.Services.GetRequiredService<SpaceReclaimer>().ReclaimAsync(
            machine, new CompactionOptions { DeadShareMin = 0, DeadShareLeft = 0, SmallObjectsMin = 2, BytesPerSecondMax = long.MaxValue / 4 }, RecoveryLab.Stop);
        string pack = FilesOf(lab, ".pak")[^1];
        AsrRecoveryPoint damaged = await lab.NextPointAsync(agent.MachineId);
        Assert.Equal(await agent.HashesAsync(), await ReadAsync(lab, damaged));

        await DamageAsync(pack, damage);
        await AssertNamedAsync(lab, damaged, pack);
        await ResynchronizeAsync(lab, agent);

        Assert.Equal(await agent.HashesAsync(), await ReadAsync(lab, await lab.NextPointAsync(agent.MachineId)));
    }

    [Theory]
    [InlineData(Damage.Content)]
    [InlineData(Damage.Table)]
    [InlineData(Damage.Gone)]
    public async Task A_damaged_index_run_is_done_without(Damage damage)
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync(indexRunSegments: 2);
        await using LabAgent agent = await StartAsync(lab);
        AsrRecoveryPoint before = await lab.NextPointAsync(agent.MachineId);
        string[] then = await agent.HashesAsync();
        while (FilesOf(lab, ".idx").Length == 0)
        {
            await WriteAsync(lab, agent);
        }

        AsrRecoveryPoint point = await lab.NextPointAsync(agent.MachineId);
        foreach (string run in FilesOf(lab, ".idx"))
        {
            await DamageAsync(run, damage);
        }

        Assert.Equal(await agent.HashesAsync(), await ReadAsync(lab, point));
        await lab.RestartWithVaultAsync();
        await ResynchronizeAsync(lab, agent);
        Assert.Equal(await agent.HashesAsync(), await ReadAsync(lab, await lab.NextPointAsync(agent.MachineId)));
        Assert.Equal(then, await ReadAsync(lab, before));
    }

    private static async Task<LabAgent> StartAsync(RecoveryLab lab)
    {
        LabAgent agent = await LabAgent.StartAsync(lab, diskCount: 1);
        AsrJob enabled = await lab.RunAsync(agent.MachineId, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold" });
        Assert.Equal(JobState.Succeeded, enabled.State);
        return agent;
    }

    /// <summary>Writes the same area with new content, and gives the segment that it came to lie in.</summary>
    private static async Task<string> WriteAsync(RecoveryLab lab, LabAgent agent)
    {
        string[] before = FilesOf(lab, ".seg");
        await agent.Disks[0].WriteAsync(Area, RandomNumberGenerator.GetBytes(Area), RecoveryLab.Stop);
        await lab.NextPointAsync(agent.MachineId);
        return FilesOf(lab, ".seg").Except(before).First();
    }

    private static async Task ResynchronizeAsync(RecoveryLab lab, LabAgent agent)
    {
        AsrJob job = await lab.RunAsync(agent.MachineId, new OperationRequest { Operation = MachineOperation.Resynchronize });
        Assert.True(job.State == JobState.Succeeded, $"{job.State}: {job.Error}");
    }

    private static string[] FilesOf(RecoveryLab lab, string extension) =>
        [.. Directory.EnumerateFiles(Path.Combine(lab.VaultPath, "disks"), "*" + extension, SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private static async Task DamageAsync(string path, Damage damage)
    {
        if (damage == Damage.Gone)
        {
            File.Delete(path);
            return;
        }

        byte[] content = await File.ReadAllBytesAsync(path, RecoveryLab.Stop);
        content[damage == Damage.Content ? 10 : ^10] ^= 1;
        await File.WriteAllBytesAsync(path, content, RecoveryLab.Stop);
    }

    private static async Task AssertNamedAsync(RecoveryLab lab, AsrRecoveryPoint point, string path)
    {
        StoredObjectException error = await Assert.ThrowsAsync<StoredObjectException>(() => ReadAsync(lab, point));
        Assert.Contains(error.Code, new[] { AsrErrorCode.SegmentCorrupt, AsrErrorCode.SegmentMissing });
        Assert.Contains(Path.GetFileNameWithoutExtension(path)[..33], error.Target, StringComparison.Ordinal);
    }

    private static async Task<string[]> ReadAsync(RecoveryLab lab, AsrRecoveryPoint point)
    {
        await using IVault vault = await lab.OpenVaultAsync();
        List<string> hashes = [];
        foreach (RecoveryPointDisk disk in point.Disks)
        {
            await using IBlockDevice image = await vault.OpenAsync(disk.DiskId, new StreamPosition(disk.Epoch, disk.Sequence), RecoveryLab.Stop);
            hashes.Add(await LabAgent.HashAsync(image));
        }

        return [.. hashes];
    }

    /// <summary>What happens to a file.</summary>
    public enum Damage
    {
        /// <summary>A bit of the first content, or the first page of an index run, is flipped.</summary>
        Content,

        /// <summary>A bit at its end is flipped: nothing of it can be read.</summary>
        Table,

        /// <summary>It is deleted.</summary>
        Gone,
    }
}
