using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>Failover, the way back, and recovery from the vault alone, with real processes.</summary>
public sealed class FailoverTests
{
    private const long LargeDiskBytes = 64 << 20;

    [Fact]
    public async Task A_machine_goes_over_and_comes_back_with_what_was_written_there()
    {
        await using DrSite site = await DrSite.StartProtectedAsync(LargeDiskBytes);
        await site.RunAsync(MachineOperation.PlannedFailover);
        FailoverDisk copy = (await site.StateAsync(MachineState.FailedOver)).Failover!.Disks[0];
        Assert.Equal(await site.HashSourceAsync(), copy.Sha256);
        await site.RunAsync(MachineOperation.CommitFailover);
        await RequireRefusedAsync(site);

        string final;
        await using (IBlockDevice recovered = await DrSite.OpenAsync(copy))
        {
            await DrSite.WriteAsync(recovered, 5 << 20, 256 << 10);
            await site.RunAsync(MachineOperation.Reprotect);
            await site.StateAsync(MachineState.ReverseProtected);
            await DrSite.WriteAsync(recovered, 40 << 20, 128 << 10);
            final = await DrSite.HashAsync(recovered);
        }

        AsrJob failback = await site.RunAsync(MachineOperation.Failback);

        Assert.Equal(final, await site.HashSourceAsync());
        Assert.InRange(failback.Tasks.Sum(task => task.BytesMoved), 1, LargeDiskBytes / 20);
        Assert.Equal(ActiveLocation.Primary, (await site.StateAsync(MachineState.Protected)).ActiveLocation);
        await using IBlockDevice disk = await site.OpenDiskAsync();
        await DrSite.WriteAsync(disk, 9 << 20, 4096);
        await site.RequireDrillEqualsSourceAsync((await site.PointAfterNowAsync()).Id);
    }

    [Fact]
    public async Task The_vault_alone_brings_the_machine_up_after_both_its_appliance_and_its_disk_are_gone()
    {
        await using DrSite site = await DrSite.StartProtectedAsync();
        await using (IBlockDevice disk = await site.OpenDiskAsync())
        {
            await DrSite.WriteAsync(disk, 12 << 20, 64 << 10);
        }

        await site.PointAfterNowAsync();
        string source = await site.HashSourceAsync();
        await site.KillApplianceAsync();
        await site.KillAgentAsync();
        Directory.Delete(site.WorkPath, recursive: true);
        Directory.Delete(site.StatePath, recursive: true);
        File.Delete(site.DiskPath);

        site.WorkPath = site.At("another-site");
        await site.StartApplianceAsync();
        using OperatorClient stranger = await OperatorClient.EnrollAsync(site.Appliance.Self, DrSite.Passphrase);
        AsrReplicatedMachine known = Assert.Single(await stranger.GetMachinesAsync());
        AsrRecoveryPoint last = (await stranger.GetPointsAsync(known.Id))[0];
        await stranger.RunAsync(known.Id, new OperationRequest { Operation = MachineOperation.UnplannedFailover });

        FailoverCopy copy = (await stranger.GetMachineAsync(known.Id)).Failover!;
        Assert.Equal(last.Id, copy.RecoveryPointId);
        Assert.Equal(source, copy.Disks[0].Sha256);
        Assert.Equal(source, await DrSite.HashFileAsync(copy.Disks[0].Path!));
    }

    [Fact]
    public async Task An_older_point_can_be_chosen_changed_and_given_up()
    {
        await using DrSite site = await DrSite.StartProtectedAsync();
        AsrRecoveryPoint older = await site.PointAfterNowAsync();
        string olderHash = await site.HashSourceAsync();
        await using (IBlockDevice disk = await site.OpenDiskAsync())
        {
            await DrSite.WriteAsync(disk, 0, 64 << 10);
        }

        AsrRecoveryPoint newer = await site.PointAfterNowAsync();
        string newerHash = await site.HashSourceAsync();

        await site.RunAsync(new OperationRequest { Operation = MachineOperation.UnplannedFailover, RecoveryPointId = older.Id });
        await RequireCopyAsync(site, older, olderHash);
        await site.RunAsync(new OperationRequest { Operation = MachineOperation.ChangeRecoveryPoint, RecoveryPointId = newer.Id });
        await RequireCopyAsync(site, newer, newerHash);
        await site.RunAsync(MachineOperation.CancelFailover);

        await site.StateAsync(MachineState.Protected);
        Assert.Equal(newerHash, await site.HashSourceAsync());
        await using IBlockDevice again = await site.OpenDiskAsync();
        await DrSite.WriteAsync(again, 6 << 20, 64 << 10);
        await site.RequireDrillEqualsSourceAsync((await site.PointAfterNowAsync()).Id);
    }

    private static async Task RequireCopyAsync(DrSite site, AsrRecoveryPoint point, string hash)
    {
        FailoverCopy copy = (await site.MachineAsync()).Failover!;
        Assert.Equal(point.Id, copy.RecoveryPointId);
        Assert.Equal(hash, copy.Disks[0].Sha256);
        await using IBlockDevice export = await DrSite.OpenAsync(copy.Disks[0]);
        Assert.Equal(hash, await DrSite.HashAsync(export));
    }

    private static async Task RequireRefusedAsync(DrSite site)
    {
        await using IBlockDevice fenced = await site.OpenDiskAsync();
        AsrException refused = await Assert.ThrowsAsync<AsrException>(() => DrSite.WriteAsync(fenced, 0, 4096));
        Assert.Equal(AsrErrorCode.DiskReadOnly, refused.Code);
    }
}
