using System;
using System.Threading.Tasks;
using Asr.Contracts;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>Agent and appliance killed at random moments under a workload.</summary>
public sealed class KillStormTests
{
    private const int Kills = 10;
    private const int Blocks = 3000;

    [Fact]
    public async Task A_storm_of_kills_loses_no_acknowledged_write()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        Random random = new(seed);
        await using DrSite site = await DrSite.StartProtectedAsync();
        await using SequencedWriter writer = new(site.OpenDiskAsync, Blocks, seed);
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
}
