using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Threading.Tasks;
using Asr.Oracle.Tests.Harness;
using Xunit;

namespace Asr.Oracle.Tests;

/// <summary>Seeded runs of the real product. Every recovery point of every run must be right, and so must the instants between them.</summary>
public sealed class OracleTests(ITestOutputHelper output)
{
    // Runs wait more than they compute, so several share the cores.
    private const int RunsAtOnce = 4;
    private const int SeedsPerTest = 25;

    public static TheoryData<int> Blocks => [.. Enumerable.Range(0, 8).Select(block => 1 + (block * SeedsPerTest))];

    [Theory]
    [MemberData(nameof(Blocks))]
    public async Task Every_recovery_point_is_one_instant_of_the_history(int firstSeed) =>
        await RunManyAsync(firstSeed, SeedsPerTest);

    [Fact]
    [Trait("Category", "Soak")]
    public async Task Every_recovery_point_is_right_in_thousands_of_runs()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("ASR_SOAK") == "1", "a long storm: ./build.sh Soak runs it");
        int firstSeed = Random.Shared.Next(1_000, int.MaxValue / 2);
        output.WriteLine($"first seed {firstSeed}");
        await RunManyAsync(firstSeed, 2_000);
    }

    private async Task RunManyAsync(int firstSeed, int count)
    {
        ConcurrentBag<Verdict> verdicts = [];
        await Parallel.ForEachAsync(
            Enumerable.Range(firstSeed, count),
            new ParallelOptions { MaxDegreeOfParallelism = RunsAtOnce, CancellationToken = TestContext.Current.CancellationToken },
            async (seed, _) => verdicts.Add(await SeededRun.RunAsync(new RunPlan(seed))));

        int points = verdicts.Sum(verdict => verdict.Points);
        int instants = verdicts.Sum(verdict => verdict.Instants);
        output.WriteLine($"seeds {firstSeed} to {firstSeed + count - 1}: {points} recovery points and {instants} instants judged");
        Assert.True(points >= count, "Runs without recovery points prove nothing.");
        Assert.True(instants >= count, "Runs without instants prove nothing about them.");
        Assert.All(verdicts, verdict => Assert.True(verdict.Violations.Count == 0, verdict.ToString()));
    }
}
