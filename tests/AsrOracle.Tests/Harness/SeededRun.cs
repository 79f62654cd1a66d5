using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Oracle.Tests.Bugs;

namespace Asr.Oracle.Tests.Harness;

/// <summary>One run: a workload, and the blows that the seed deals to the system meanwhile.</summary>
internal static class SeededRun
{
    /// <summary>Runs and judges.</summary>
    public static async Task<Verdict> RunAsync(RunPlan plan, PlantedBug? bug = null)
    {
        Random random = new(plan.Seed);
        await using World world = new(plan, bug);
        using CancellationTokenSource workload = new();
        Task writers = await world.StartAsync(workload.Token);
        Guid? final = null;
        try
        {
            for (int i = 0; i < plan.Actions; i++)
            {
                await Task.Delay(random.Next(5, 60));
                await ActAsync(world, random);
            }

            final = await world.ComeToRestAsync(workload, writers);
        }
        catch (Exception) when (bug is not null)
        {
            // A planted bug may keep the system from ever coming to rest; what it has published is judged all the same.
        }
        finally
        {
            await workload.CancelAsync();
            await writers;
        }

        return await world.JudgeAsync(final);
    }

    private static async Task ActAsync(World world, Random random)
    {
        switch (random.Next(16))
        {
            case 0:
                await world.KillAgentAsync();
                await world.StartAgentAsync();
                break;
            case 1:
                await world.EndAgentAsync();
                await world.StartAgentAsync();
                break;
            case 2:
                await world.KillApplianceAsync();
                await Task.Delay(random.Next(30));
                await world.StartApplianceAsync();
                break;
            case 3:
                await world.CutPowerAsync(random);
                await world.StartApplianceAsync();
                break;
            case 4:
                await world.AssignAsync(a => a with { Mode = AgentMode.Pause });
                await Task.Delay(random.Next(40));
                await world.AssignAsync(a => a with { Mode = AgentMode.Replicate });
                break;
            case 5:
                await world.AssignAsync(a => a with { ResynchronizeGeneration = a.ResynchronizeGeneration + 1 });
                break;
            case 6 when random.Next(3) == 0:
                await world.RebootAsync();
                break;
            case 7 or 8:
                world.StartCompaction(random);
                break;
            default:
                await world.AssignAsync(a => a with { OnDemandPointId = Guid.NewGuid() });
                break;
        }
    }
}
