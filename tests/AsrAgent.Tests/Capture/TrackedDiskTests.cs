using System.Linq;
using System.Threading.Tasks;
using Asr.Agent.Tests.Doubles;
using Asr.Agent.Tests.EndToEnd;
using Asr.Contracts;
using Asr.Engine.Blocks;
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

    [Fact]
    public async Task WhereBpfIsNotToBeHadTheDiskIsComparedAndItsHealthSaysSo()
    {
        RealTools.Require("setpriv");
        await using LoopDisk disk = await LoopDisk.CreateAsync(16 << 20);
        await using DrSite site = await DrSite.StartProtectedAsync(
            machineDisk: disk, agentCommand: ["setpriv", "--bounding-set=-sys_admin,-bpf,-perfmon", .. AgentProcess.BuiltCommand]);
        AsrReplicatedMachine machine = await site.MachineAsync();
        Assert.Equal((CaptureMode.Scan, AsrErrorCode.CaptureUnavailable), (machine.Disks[0].CaptureMode, machine.Disks[0].Warning?.Code));
        Assert.Contains(machine.HealthErrors, error => error is { Code: nameof(AsrErrorCode.CaptureUnavailable), Severity: EventSeverity.Warning });

        await RealTools.CheckAsync("dd", "if=/dev/urandom", $"of={disk.DevicePath}", "bs=4096", "count=5", "seek=700", "oflag=direct", "conv=notrunc", "status=none");
        AsrRecoveryPoint point = await site.PointAfterNowAsync();
        await site.RequireDrillEqualsSourceAsync(point.Id);
    }

    [Fact]
    public async Task AfterAFailoverWritesAreToldAndTheWayBackLeadsToTheSameDisk()
    {
        await using LoopDisk disk = await LoopDisk.CreateAsync(32 << 20);
        await disk.FormatAsync("ext4");
        await using DrSite site = await DrSite.StartProtectedAsync(machineDisk: disk);
        await site.RunAsync(MachineOperation.PlannedFailover);
        Assert.DoesNotContain((await site.MachineAsync()).HealthErrors, error => error.Code == nameof(AsrErrorCode.DiskBusy));
        await RealTools.CheckAsync("dd", "if=/dev/urandom", $"of={disk.DevicePath}", "bs=4096", "count=3", "seek=100", "oflag=direct", "conv=notrunc", "status=none");
        await Eventually.SeeAsync("the write to be told", site.MachineAsync, machine => machine.HealthErrors.Any(error => error.Code == nameof(AsrErrorCode.DiskBusy)));

        await site.RunAsync(MachineOperation.CommitFailover);
        await using (IBlockDevice copy = await DrSite.OpenAsync((await site.MachineAsync()).Failover!.Disks[0]))
        {
            await DrSite.WriteAsync(copy, 5 << 20, 1 << 20);
        }

        await site.RunAsync(MachineOperation.Reprotect);
        await site.StateAsync(MachineState.ReverseProtected);
        string last;
        await using (IBlockDevice copy = await DrSite.OpenAsync((await site.MachineAsync()).Failover!.Disks[0]))
        {
            last = await DrSite.HashAsync(copy);
        }

        await site.RunAsync(MachineOperation.Failback);
        Assert.Equal(last, await site.HashSourceAsync());
        await site.StateAsync(MachineState.Protected);
        await site.RequireDrillEqualsSourceAsync((await site.PointAfterNowAsync()).Id);
    }
}
