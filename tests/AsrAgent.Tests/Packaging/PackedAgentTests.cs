using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Tests.Capture;
using Asr.Agent.Tests.EndToEnd;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Packaging;

/// <summary>The agent as it is shipped, one file of machine code, through the whole of a tracked replication.</summary>
public sealed class PackedAgentTests
{
    private const long MemoryBytesMax = 150 << 20;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ItReplicatesABusyDiskOfTheMachineWithinItsMemoryAndFailsOver()
    {
        RealTools.Require("fio");
        using TemporaryFolder folder = new();
        string program = await BuiltPackage.UnpackProgramAsync(folder.At("package"));
        await using LoopDisk disk = await LoopDisk.CreateAsync(512 << 20);
        await disk.FormatAsync("ext4");
        await disk.MountAsync();
        await using DrSite site = await DrSite.StartProtectedAsync(machineDisk: disk, agentCommand: [program]);
        await RealTools.CheckAsync(
            "fio", "--name=w", $"--directory={disk.MountPoint}", "--direct=1", "--ioengine=libaio", "--rw=randwrite", "--bsrange=4k-64k", "--iodepth=16", "--size=256m",
            "--time_based", "--runtime=8", "--refill_buffers");
        Assert.Equal(CaptureMode.Ebpf, (await site.MachineAsync()).Disks[0].CaptureMode);
        await disk.UnmountAsync();
        AsrRecoveryPoint point = await site.PointAfterNowAsync();
        await site.RequireDrillEqualsSourceAsync(point.Id);
        long memory = await ReadMemoryMaxAsync(site.Agent.Id);
        TestContext.Current.TestOutputHelper!.WriteLine($"The agent had {memory >> 20} MiB at most.");
        Assert.True(memory < MemoryBytesMax, $"The agent had {memory >> 20} MiB.");

        string source = await site.HashSourceAsync();
        await site.RunAsync(MachineOperation.PlannedFailover);
        await using IBlockDevice copy = await DrSite.OpenAsync((await site.MachineAsync()).Failover!.Disks[0]);
        Assert.Equal(source, await DrSite.HashAsync(copy));
    }

    // The kernel's highest count of the process' pages, files that it maps among them.
    private static async Task<long> ReadMemoryMaxAsync(int process)
    {
        string line = (await File.ReadAllLinesAsync($"/proc/{process}/status", Stop)).Single(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line["VmHWM:".Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) << 10;
    }
}
