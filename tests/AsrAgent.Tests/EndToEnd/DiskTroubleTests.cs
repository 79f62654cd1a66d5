using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>A source disk that is changed or taken away while its agent is stopped.</summary>
public sealed class DiskTroubleTests
{
    [Fact]
    public async Task A_disk_written_while_the_agent_was_stopped_is_compared_in_full_and_that_is_seen()
    {
        await using DrSite site = await DrSite.StartProtectedAsync();
        await site.StopAgentAsync();
        await using (FileStream image = File.OpenWrite(site.DiskPath))
        {
            image.Position = 7 << 20;
            await image.WriteAsync(RandomNumberGenerator.GetBytes(4096), TestContext.Current.CancellationToken);
        }

        await site.StartAgentAsync();

        await Eventually.SeeAsync(
            "the resynchronisation to be announced", site.Operator.GetEventsAsync, events => events.Any(seen => seen.Code == "ResynchronizationStarted"));
        await site.StateAsync(MachineState.Protected);
        await site.RequireDrillEqualsSourceAsync((await site.PointAfterNowAsync()).Id);
    }

    [Fact]
    public async Task A_disk_left_alone_while_the_agent_was_stopped_is_not_compared()
    {
        await using DrSite site = await DrSite.StartProtectedAsync();
        await site.StopAgentAsync();
        await site.StartAgentAsync();

        await site.PointAfterNowAsync();
        Assert.DoesNotContain(await site.Operator.GetEventsAsync(), seen => seen.Code == "ResynchronizationStarted");
    }

    [Fact]
    public async Task A_protected_disk_that_is_gone_is_reported_and_goes_on_when_it_is_back()
    {
        await using DrSite site = await DrSite.StartProtectedAsync();
        await site.StopAgentAsync();
        string away = site.At("away.img");
        File.Move(site.DiskPath, away);
        await site.StartAgentAsync();

        AsrReplicatedMachine without = await Eventually.SeeAsync(
            "the missing disk to be reported", site.MachineAsync, machine => machine.Disks.Any(disk => disk.Error?.Code == AsrErrorCode.DiskUnreadable));
        Assert.Equal(MachineState.Protected, without.State);
        AsrRecoveryPoint last = (await site.Operator.GetPointsAsync(site.MachineId))[0];

        File.Move(away, site.DiskPath);
        AsrReplicatedMachine back = await Eventually.SeeAsync(
            "the disk to be served again", site.MachineAsync, machine => machine.Disks.All(disk => disk.Error is null && disk.ExportUri is not null));
        await using IBlockDevice disk = await DrSite.OpenAsync(back.Disks[0].ExportUri!);
        await DrSite.WriteAsync(disk, 1 << 20, 4096);
        AsrRecoveryPoint next = await site.PointAfterNowAsync();
        Assert.NotEqual(last.Id, next.Id);
        await site.RequireDrillEqualsSourceAsync(next.Id);
    }
}
