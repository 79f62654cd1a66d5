using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Points;
using Asr.Engine.Tests.Vault;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Points;

public sealed class RecoveryPointLogTests
{
    private static readonly Guid MachineId = Guid.NewGuid();
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.FromHours(2));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Points_are_listed_newest_first_found_and_removed()
    {
        await using SealedVault vault = await TestVault.OpenAsync(new SimulatedFileLayer());
        RecoveryPointLog log = new(vault.Catalog);
        List<AsrRecoveryPoint> points = await PublishAsync(log, 5);

        Assert.Equal("first", (await log.PublishAsync(new AsrRecoveryPoint { Id = Guid.NewGuid(), MachineId = Guid.NewGuid(), MachineName = "first" }, Cancel)).MachineName);
        Assert.Equal("", (await log.PublishAsync(points[0] with { MachineName = "again" }, Cancel)).MachineName);
        Assert.Equal(points.Select(point => point.Id).Reverse().Take(3), (await log.ListAsync(MachineId, 3, Cancel)).Select(point => point.Id));
        Assert.Equal([points[2].Id, points[1].Id], (await log.ListAsync(MachineId, 2, points[2].Time, Cancel)).Select(point => point.Id));
        Assert.Empty(await log.ListAsync(MachineId, 2, Start.AddTicks(-1), Cancel));
        Assert.Equal(points[2].Time, (await log.FindAsync(MachineId, points[2].Id, Cancel))!.Time);
        Assert.Null(await log.FindAsync(MachineId, Guid.NewGuid(), Cancel));
        Assert.Null(await log.DeleteAllAsync(MachineId, Cancel));
        Assert.Empty(await log.ListAsync(MachineId, 10, Cancel));
    }

    [Fact]
    public async Task Retention_removes_what_the_tiers_do_not_keep_and_nothing_that_is_used()
    {
        await using SealedVault vault = await TestVault.OpenAsync(new SimulatedFileLayer());
        RecoveryPointLog log = new(vault.Catalog, new FixedTime(Start.AddSeconds(4)));
        List<AsrRecoveryPoint> points = await PublishAsync(log, 5);
        IReadOnlyList<RetentionTier> tiers = RetentionTier.EveryPoint(TimeSpan.FromSeconds(3));

        Assert.Equal([new PointRemoval(points[0].Id, RemovalReason.Expired)], await log.ThinAsync(MachineId, tiers, [points[1].Id], Cancel));
        Assert.NotNull(await log.FindAsync(MachineId, points[1].Id, Cancel));
        Assert.Equal([points[1].Id], (await log.ThinAsync(MachineId, tiers, [], Cancel)).Select(removal => removal.PointId));
        Assert.Empty(await log.ThinAsync(MachineId, tiers, [], Cancel));
        Assert.Equal(points.Select(point => point.Id).Reverse().Take(3), (await log.ListAsync(MachineId, 10, Cancel)).Select(point => point.Id));
    }

    [Fact]
    public async Task A_pin_of_another_process_counts_at_once_and_its_end_too()
    {
        SimulatedFileLayer files = new();
        await using SealedVault here = await TestVault.OpenAsync(files);
        await using SealedVault there = await TestVault.OpenAsync(files);
        RecoveryPointLog log = new(here.Catalog, new FixedTime(Start.AddSeconds(4)));
        RecoveryPointLog other = new(there.Catalog);
        List<AsrRecoveryPoint> points = await PublishAsync(log, 5);
        await log.ThinAsync(MachineId, RetentionTier.EveryPoint(TimeSpan.FromDays(1)), [], Cancel);
        IReadOnlyList<RetentionTier> tiers = RetentionTier.EveryPoint(TimeSpan.FromSeconds(4));

        await other.ChangeAsync(MachineId, points[0].Id, new RecoveryPointChange { Pinned = true }, Cancel);
        Assert.Empty(await log.ThinAsync(MachineId, tiers, [], Cancel));
        Assert.Empty(await log.ThinAsync(MachineId, tiers, [], Cancel));
        await other.ChangeAsync(MachineId, points[0].Id, new RecoveryPointChange { Pinned = false }, Cancel);
        Assert.Equal([points[0].Id], (await log.ThinAsync(MachineId, tiers, [], Cancel)).Select(removal => removal.PointId));
    }

    [Fact]
    public async Task Marks_change_one_by_one_and_a_name_belongs_to_one_point()
    {
        await using SealedVault vault = await TestVault.OpenAsync(new SimulatedFileLayer());
        RecoveryPointLog log = new(vault.Catalog);
        List<AsrRecoveryPoint> points = await PublishAsync(log, 2);

        AsrRecoveryPoint named = await log.ChangeAsync(MachineId, points[0].Id, new RecoveryPointChange { Name = "Before upgrade" }, Cancel);
        Assert.Equal((false, "Before upgrade"), (named.Pinned, named.Name));
        AsrRecoveryPoint pinned = await log.ChangeAsync(MachineId, points[0].Id, new RecoveryPointChange { Pinned = true }, Cancel);
        Assert.Equal((true, "Before upgrade"), (pinned.Pinned, pinned.Name));
        AsrException taken = await Assert.ThrowsAsync<AsrException>(() => log.ChangeAsync(MachineId, points[1].Id, new RecoveryPointChange { Name = "before UPGRADE" }, Cancel));
        Assert.Equal(AsrErrorCode.AlreadyExists, taken.Code);
        Assert.Null((await log.ChangeAsync(MachineId, points[0].Id, new RecoveryPointChange { Name = "" }, Cancel)).Name);
        Assert.Equal("before UPGRADE", (await log.ChangeAsync(MachineId, points[1].Id, new RecoveryPointChange { Name = "before UPGRADE" }, Cancel)).Name);
        AsrException unknown = await Assert.ThrowsAsync<AsrException>(() => log.ChangeAsync(MachineId, Guid.NewGuid(), new RecoveryPointChange { Pinned = true }, Cancel));
        Assert.Equal(AsrErrorCode.NotFound, unknown.Code);
    }

    [Fact]
    public async Task Nothing_removes_an_immutable_point_or_its_data()
    {
        await using SealedVault vault = await TestVault.OpenAsync(new SimulatedFileLayer());
        Guid diskId = Guid.NewGuid();
        await using IReplicaWriter writer = await vault.TakeOverAsync(
            diskId, new OpenSessionRequest { MachineId = MachineId, Nonce = Guid.NewGuid(), SizeBytes = 4096 }, Cancel);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        RecoveryPointLog log = new(vault.Catalog);
        await writer.AppendAsync(BatchMaker.Writes(diskId, 1, 1, 4096, (0, 512, 1)), Cancel);
        await writer.AppendAsync(BatchMaker.Writes(diskId, 1, 2, 4096, (0, 512, 2)), Cancel);
        AsrRecoveryPoint point = new()
        {
            Id = Guid.NewGuid(), MachineId = MachineId, Time = now.AddDays(-1), PublishedAt = now.AddDays(-1), ImmutableUntil = now.AddDays(1),
            Disks = [new RecoveryPointDisk { DiskId = diskId, Epoch = 1, Sequence = 1 }],
        };
        await log.PublishAsync(point, Cancel);
        await log.PublishAsync(point with { Id = Guid.NewGuid(), Time = now.AddHours(-1), ImmutableUntil = null }, Cancel);

        Assert.Empty(await log.ThinAsync(MachineId, RetentionTier.EveryPoint(TimeSpan.FromHours(1)), [], Cancel));
        Assert.Equal(point.ImmutableUntil, await log.DeleteAllAsync(MachineId, Cancel));
        Assert.Equal([point.Id], (await log.ListAsync(MachineId, 10, Cancel)).Select(kept => kept.Id));
        AsrException refused = await Assert.ThrowsAsync<AsrException>(() => vault.DeleteDiskAsync(diskId, Cancel));
        Assert.Equal(AsrErrorCode.RecoveryPointImmutable, refused.Code);
        await vault.CompactAsync(diskId, new KeptHistory { Points = [] }, new CompactionOptions { DeadShareMin = 0 }, Cancel);
        await using (IBlockDevice image = await vault.OpenAsync(diskId, new StreamPosition(1, 1), Cancel))
        {
            byte[] content = new byte[512];
            await image.ReadAsync(0, content, Cancel);
            Assert.Equal(1, content[0]);
        }

        RecoveryPointLog later = new(vault.Catalog, new FixedTime(now.AddDays(1)));
        Assert.Null(await later.DeleteAllAsync(MachineId, Cancel));
        await vault.DeleteDiskAsync(diskId, Cancel);
    }

    private static async Task<List<AsrRecoveryPoint>> PublishAsync(RecoveryPointLog log, int count)
    {
        List<AsrRecoveryPoint> points =
            [.. Enumerable.Range(0, count).Select(i => new AsrRecoveryPoint { Id = Guid.NewGuid(), MachineId = MachineId, Time = Start.AddSeconds(i), PublishedAt = Start.AddSeconds(i) })];
        foreach (AsrRecoveryPoint point in points.OrderBy(point => point.Id))
        {
            await log.PublishAsync(point, Cancel);
        }

        return points;
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
