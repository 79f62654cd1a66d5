using System;
using System.Linq;
using Xunit;

namespace Asr.Engine.Tests.Fuzzing;

/// <summary>Whatever bytes come from a disk or a wire: no crash, no hang, no unbounded allocation, and no error but the product's own.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const long Iterations = 20_000;
    private const long SoakIterations = 2_000_000;

    public static TheoryData<string> Names => [.. FuzzTargets.All.Select(static target => target.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_decoder_stands_whatever_it_is_given(string name) => Run(name, Iterations);

    [Fact]
    [Trait("Category", "Soak")]
    public void Every_decoder_stands_millions_of_inputs()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("ASR_SOAK") == "1", "a long storm: ./build.sh Soak runs it");
        foreach (FuzzTarget target in FuzzTargets.All)
        {
            Run(target.Name, SoakIterations);
        }
    }

    private void Run(string name, long iterations)
    {
        int taken = FuzzTargets.All.Single(target => target.Name == name).Run(iterations);
        output.WriteLine($"{name}: {iterations} inputs, {taken} taken for valid");
    }
}
