using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Tests.EndToEnd;
using Asr.Contracts;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Capture;

/// <summary>The agent killed again and again while a machine writes to its own disk: the kernel goes on noting, so nothing is missed and nothing compared.</summary>
public sealed class TrackingStormTests
{
    private const int Kills = 8;
    private const int KillsOfSoak = 50;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task KillsOfTheAgentCostNoWriteAndNoComparison()
    {
        RealTools.Require("fio");
        int kills = Environment.GetEnvironmentVariable("ASR_SOAK") == "1" ? KillsOfSoak : Kills;
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"Seed {seed}, {kills} kills");
        Random random = new(seed);
        await using LoopDisk disk = await LoopDisk.CreateAsync(64 << 20);
        await disk.FormatAsync("ext4");
        await disk.MountAsync();
        await using DrSite site = await DrSite.StartProtectedAsync(machineDisk: disk);
        DateTimeOffset began = TimeProvider.System.GetUtcNow();
        using System.Diagnostics.Process load = RealTools.Start(
            "fio", "--name=w", $"--directory={disk.MountPoint}", "--rw=randwrite", "--bs=4k", "--direct=1", "--ioengine=libaio", "--iodepth=16", "--size=24m",
            "--time_based", "--refill_buffers", "--runtime=600", "--rate_iops=2000", "--thread");
        try
        {
            for (int kill = 0; kill < kills; kill++)
            {
                await Task.Delay(random.Next(20, 900), Stop);
                await site.KillAgentAsync();
                await Task.Delay(random.Next(0, 300), Stop);
                await site.StartAgentAsync();
            }
        }
        finally
        {
            load.Kill();
            await load.WaitForExitAsync(Stop);
        }

        await disk.UnmountAsync();
        AsrRecoveryPoint last = await site.PointAfterNowAsync();
        await site.RequireDrillEqualsSourceAsync(last.Id);
        Assert.DoesNotContain(await site.Operator.GetEventsAsync(), told => told.Code == "ResynchronizationStarted" && told.Time > began);
    }
}
