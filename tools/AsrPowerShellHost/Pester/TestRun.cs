using System.Collections.Generic;
using System.Linq;

namespace Asr.PowerShellHost.Pester;

/// <summary>The result of Invoke-Pester: the properties of Pester's own that scripts read.</summary>
public sealed class TestRun
{
    private readonly List<TestBlock> _roots = [];

    public string Result =>
        FailedCount + FailedBlocksCount + FailedContainersCount > 0 ? "Failed" : "Passed";

    public TestCase[] Tests => [.. _roots.SelectMany(root => root.Tests())];

    public TestCase[] Passed => Having("Passed");

    public TestCase[] Failed => Having("Failed");

    public TestCase[] Skipped => Having("Skipped");

    public int PassedCount => Passed.Length;

    public int FailedCount => Failed.Length;

    public int SkippedCount => Skipped.Length;

    public int NotRunCount => Having("NotRun").Length;

    public int TotalCount => Tests.Length;

    /// <summary>Blocks whose own set-up or clean-up failed.</summary>
    public int FailedBlocksCount { get; internal set; }

    /// <summary>Files that failed before their tests were known.</summary>
    public int FailedContainersCount { get; internal set; }

    internal void Add(TestBlock root) => _roots.Add(root);

    private TestCase[] Having(string result) => [.. Tests.Where(test => test.Result == result)];
}
