using System;
using System.Linq;
using System.Threading.Tasks;
using Asr.Oracle.Tests.Bugs;
using Asr.Oracle.Tests.Harness;
using Xunit;

namespace Asr.Oracle.Tests;

/// <summary>The proof of the oracle: each of these bugs is put into the product, alone, and must be noticed.</summary>
public sealed class PlantedBugTests(ITestOutputHelper output)
{
    // A bug that shows only after certain blows needs a seed that deals them; a handful of seeds has always been enough.
    private const int SeedsMax = 12;

    public static TheoryData<string> Names => [.. typeof(PlantedBug).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(PlantedBug)) && !type.IsAbstract && !type.IsNested)
        .Select(type => type.Name)
        .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_oracle_notices(string name)
    {
        Type type = typeof(PlantedBug).Assembly.GetTypes().Single(candidate => candidate.Name == name);
        for (int seed = 1; seed <= SeedsMax; seed++)
        {
            PlantedBug bug = (PlantedBug)Activator.CreateInstance(type)!;
            Verdict verdict = await SeededRun.RunAsync(new RunPlan(seed), bug);
            if (verdict.Violations.Count > 0)
            {
                output.WriteLine($"noticed with {verdict}");
                return;
            }
        }

        Assert.Fail($"The oracle did not notice {name} in {SeedsMax} runs.");
    }
}
