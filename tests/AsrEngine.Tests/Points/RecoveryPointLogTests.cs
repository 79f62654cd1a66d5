using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.Engine.Tests.Vault;
using Asr.Engine.Vault;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Points;

public sealed class RecoveryPointLogTests
{
    private static readonly Guid MachineId = Guid.NewGuid();
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.FromHours(2));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Points_are_listed_newest_first_found_expired_and_removed()
    {
        await using SealedVault vault = await TestVault.OpenAsync(new SimulatedFileLayer());
        RecoveryPointLog log = new(vault.Catalog);
        List<AsrRecoveryPoint> points = [.. Enumerable.Range(0, 5).Select(i => new AsrRecoveryPoint { Id = Guid.NewGuid(), MachineId = MachineId, Time = Start.AddSeconds(i) })];
        foreach (AsrRecoveryPoint point in points.OrderBy(point => point.Id))
        {
            await log.PublishAsync(point, Cancel);
        }

        Assert.Equal("first", (await log.PublishAsync(new AsrRecoveryPoint { Id = Guid.NewGuid(), MachineId = Guid.NewGuid(), MachineName = "first" }, Cancel)).MachineName);
        Assert.Equal("", (await log.PublishAsync(points[0] with { MachineName = "again" }, Cancel)).MachineName);
        Assert.Equal(points.Select(point => point.Id).Reverse().Take(3), (await log.ListAsync(MachineId, 3, Cancel)).Select(point => point.Id));
        Assert.Equal(points[2].Time, (await log.FindAsync(MachineId, points[2].Id, Cancel))!.Time);
        Assert.Null(await log.FindAsync(MachineId, Guid.NewGuid(), Cancel));
        Assert.Equal(1, await log.ExpireAsync(MachineId, Start.AddSeconds(2), [points[1].Id], Cancel));
        Assert.NotNull(await log.FindAsync(MachineId, points[1].Id, Cancel));
        Assert.Equal(1, await log.ExpireAsync(MachineId, Start.AddSeconds(2), [], Cancel));
        Assert.Equal(2, await log.ExpireAsync(MachineId, Start.AddDays(1), [], Cancel));
        Assert.Equal([points[4].Id], (await log.ListAsync(MachineId, 10, Cancel)).Select(point => point.Id));
        await log.DeleteAllAsync(MachineId, Cancel);
        Assert.Empty(await log.ListAsync(MachineId, 10, Cancel));
    }
}
