using System;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>Agent and appliance killed at random moments under a workload.</summary>
public sealed class KillStormTests
{
    private const int Kills = 10;
    private const int Blocks = 3000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_storm_of_kills_loses_no_acknowledged_write(bool isInContainer)
    {
        Random random = SeededRandom();
        await using DrSite site = await DrSite.StartProtectedAsync(vaultPath: isInContainer ? Azurite.NewContainer().Location : null);
        await using SequencedWriter writer = new(site.OpenDiskAsync, Blocks, random.Next());
        for (int kill = 0; kill < Kills; kill++)
        {
            await Task.Delay(random.Next(50, 3000), TestContext.Current.CancellationToken);
            if (kill % 2 == 0)
            {
                await site.KillAgentAsync();
                await site.StartAgentAsync();
            }
            else
            {
                await site.KillApplianceAsync();
                await site.StartApplianceAsync();
            }
        }

        long before = writer.Count;
        await Eventually.SeeAsync("the workload to go on after the storm", () => Task.FromResult(writer.Count), count => count > before + 100);
        await writer.StopAsync();
        await site.PointAfterNowAsync();
        await site.StateAsync(MachineState.Protected);
        await site.RunAsync(MachineOperation.PlannedFailover);

        FailoverDisk copy = (await site.MachineAsync()).Failover!.Disks[0];
        await writer.RequireAcknowledgedAsync(copy.Path!);
        Assert.Equal(await site.HashSourceAsync(), await DrSite.HashFileAsync(copy.Path!));
        Assert.Equal(await site.HashSourceAsync(), copy.Sha256);
    }

    [Fact]
    public async Task Failover_and_the_way_back_are_finished_though_both_sides_are_killed_in_the_middle()
    {
        Random random = SeededRandom();
        await using DrSite site = await DrSite.StartProtectedAsync();
        await RunUnderKillsAsync(site, MachineOperation.PlannedFailover, random);
        Assert.Equal(await site.HashSourceAsync(), (await site.MachineAsync()).Failover!.Disks[0].Sha256);
        await RunUnderKillsAsync(site, MachineOperation.CommitFailover, random);
        await WriteAtRecoveryAsync(site, 5 << 20);
        await RunUnderKillsAsync(site, MachineOperation.Reprotect, random);
        await site.StateAsync(MachineState.ReverseProtected);
        string final = await WriteAtRecoveryAsync(site, 9 << 20);

        await RunUnderKillsAsync(site, MachineOperation.Failback, random);

        Assert.Equal(final, await site.HashSourceAsync());
        await site.StateAsync(MachineState.Protected);
        await site.RequireDrillEqualsSourceAsync((await site.PointAfterNowAsync()).Id);
    }

    private static async Task RunUnderKillsAsync(DrSite site, MachineOperation operation, Random random)
    {
        Task<AsrJob> job = site.RunAsync(operation);
        await Task.Delay(random.Next(10, 1500), TestContext.Current.CancellationToken);
        await site.KillApplianceAsync();
        await site.KillAgentAsync();
        await site.StartAgentAsync();
        await site.StartApplianceAsync();
        await job;
    }

    private static async Task<string> WriteAtRecoveryAsync(DrSite site, long offset)
    {
        AsrReplicatedMachine machine = await Eventually.SeeAsync(
            "the machine to be served at the recovery site", site.MachineAsync, seen => seen.Failover?.Disks[0].ExportUri is { Length: > 0 });
        await using IBlockDevice disk = await DrSite.OpenAsync(machine.Failover!.Disks[0]);
        await DrSite.WriteAsync(disk, offset, 64 << 10);
        return await DrSite.HashAsync(disk);
    }

    private static Random SeededRandom()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        return new Random(seed);
    }
}
