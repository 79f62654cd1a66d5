using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading.Tasks;
using Asr.Engine.Tests.Workloads;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.PowerFail;

/// <summary>
/// Power fails behind every file operation of every workload, and what was not synced is lost, torn or kept in many ways. The vault is reopened on each of
/// these states: what was acknowledged is there, what is there is right, and a new writer goes on.
/// </summary>
public sealed class PowerFailTests(ITestOutputHelper output)
{
    /// <summary>Names the folder of a state that an earlier run kept.</summary>
    public const string ReplayVariable = "ASR_POWER_FAIL_STATE";

    private const int Draws = 24;

    public static TheoryData<string> Names => [.. WorkloadCatalog.All.Select(workload => workload.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Whatever_a_power_cut_leaves_the_vault_keeps_its_promises(string name)
    {
        await CheckAsync(WorkloadCatalog.Find(name), seed: 1, Draws);
    }

    [Fact]
    [Trait("Category", "Soak")]
    public async Task The_vault_keeps_its_promises_after_hundreds_of_thousands_of_power_cuts()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("ASR_SOAK") == "1", "a long storm: ./build.sh Soak runs it");
        int firstSeed = Random.Shared.Next(1_000, int.MaxValue / 2);
        output.WriteLine($"first seed {firstSeed}");
        foreach (Workload workload in WorkloadCatalog.All)
        {
            for (int seed = firstSeed; seed < firstSeed + 10; seed++)
            {
                await CheckAsync(workload, seed, draws: 40);
            }
        }
    }

    /// <summary>Judges the state that <see cref="ReplayVariable"/> names; without one, that of a recording, which shows that keeping states works.</summary>
    [Fact]
    public async Task A_state_that_was_kept_is_judged_alone()
    {
        using TemporaryFolder folder = new();
        string? given = Environment.GetEnvironmentVariable(ReplayVariable);
        if (given is null)
        {
            Recording recording = await Recording.MakeAsync(WorkloadCatalog.Find("anything"), seed: 1);
            recording.CrashStates(draws: 0).Last().Save(folder.Path);
        }

        Assert.Empty(await CrashState.JudgeSavedAsync(given ?? folder.Path, WorkloadCatalog.Find));
    }

    private async Task CheckAsync(Workload workload, int seed, int draws)
    {
        Stopwatch watch = Stopwatch.StartNew();
        Recording recording = await Recording.MakeAsync(workload, seed);
        int states = 0;
        foreach (CrashState state in recording.CrashStates(draws))
        {
            IReadOnlyList<string> violations = await state.JudgeAsync();
            Assert.True(violations.Count == 0, violations.Count == 0 ? "" : state.Describe(violations));
            states++;
        }

        output.WriteLine($"{workload.Name}, seed {seed}: {states} crash states of {recording.Steps.Length} operations in {watch.Elapsed.TotalSeconds:F1} s");
        Assert.True(states > recording.Steps.Length, "Too few states prove nothing.");
    }
}
