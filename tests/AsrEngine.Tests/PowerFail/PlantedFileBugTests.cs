using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Asr.Engine.Tests.Workloads;
using Xunit;

namespace Asr.Engine.Tests.PowerFail;

/// <summary>The checker is worth something only if it can fail: each planted bug must be noticed, and within few states.</summary>
public sealed class PlantedFileBugTests(ITestOutputHelper output)
{
    private const int Draws = 24;

    // Where points, documents, index objects and packs meet.
    private static readonly string[] Workloads = ["branches", "sessions", "compaction"];

    public static TheoryData<string> Bugs => [.. PlantedFileBugs.All.Keys];

    [Theory]
    [MemberData(nameof(Bugs))]
    public async Task A_planted_bug_is_noticed(string bug)
    {
        int states = 0;
        foreach (string workload in Workloads)
        {
            Recording recording = await Recording.MakeAsync(WorkloadCatalog.Find(workload), seed: 1, PlantedFileBugs.All[bug]);
            foreach (CrashState state in recording.CrashStates(Draws))
            {
                states++;
                IReadOnlyList<string> violations = await state.JudgeAsync();
                if (violations.Count > 0)
                {
                    output.WriteLine($"noticed in state {states}, {workload} operation {state.Step}: {violations[0]}");
                    return;
                }
            }
        }

        Assert.Fail($"'{bug}' went unnoticed in {states} crash states.");
    }
}
