using System.Threading.Tasks;
using Asr.Agent.Tests.EndToEnd;
using Asr.Contracts;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Capture;

/// <summary>A disk that the machine uses directly, from the kernel's programs to a recovery point, with the real processes.</summary>
public sealed class TrackedDiskTests
{
    [Fact]
    public async Task APointHoldsWhatWasWrittenPastTheAgent()
    {
        RealTools.Require("fio");
        await using LoopDisk disk = await LoopDisk.CreateAsync(64 << 20);
        await using DrSite site = await DrSite.StartProtectedAsync(machineDisk: disk);
        await RealTools.CheckAsync("fio", "--name=w", $"--filename={disk.DevicePath}", "--direct=1", "--ioengine=libaio", "--rw=randwrite", "--bs=4k", "--iodepth=8", "--size=64m", "--io_size=8m");
        AsrRecoveryPoint point = await site.PointAfterNowAsync();
        await site.RequireDrillEqualsSourceAsync(point.Id);
        Assert.Equal(CaptureMode.Ebpf, (await site.MachineAsync()).Disks[0].CaptureMode);
    }
}
