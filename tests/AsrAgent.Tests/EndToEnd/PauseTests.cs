using System.Linq;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>Pause and resume with real processes.</summary>
public sealed class PauseTests
{
    [Fact]
    public async Task What_is_written_in_a_pause_is_remembered_and_sent_after_it()
    {
        await using DrSite site = await DrSite.StartProtectedAsync();
        await site.RunAsync(MachineOperation.PauseReplication);
        await site.StateAsync(MachineState.Paused);
        AsrRecoveryPoint last = (await site.Operator.GetPointsAsync(site.MachineId))[0];
        await using IBlockDevice disk = await site.OpenDiskAsync();
        await DrSite.WriteAsync(disk, 2 << 20, 64 << 10);
        await DrSite.WriteAsync(disk, 11 << 20, 4096);

        AsrDisk paused = (await Eventually.SeeAsync("the paused writes to be counted", site.MachineAsync, machine => machine.Disks[0].PendingBytes > 0)).Disks[0];
        Assert.Equal(CaptureMode.Paused, paused.CaptureMode);
        Assert.Equal(last.Id, (await site.Operator.GetPointsAsync(site.MachineId)).First().Id);

        await site.RunAsync(MachineOperation.ResumeReplication);
        await site.RequireDrillEqualsSourceAsync((await site.PointAfterNowAsync()).Id);
    }
}
