using System;
using System.Linq;
using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>
/// The run in progress: where the discovery is, and what each test came to. The scripts of <see cref="RunScripts"/>
/// call it. One per process at a time: tests run one after the other, and a test that runs Pester does so in a
/// process of its own.
/// </summary>
public sealed class PesterSession
{
    private readonly TestReport _report;
    private readonly string[] _tags;
    private readonly string[] _excludedTags;

    internal PesterSession(TestReport report, string[] tags, string[] excludedTags)
    {
        _report = report;
        _tags = tags;
        _excludedTags = excludedTags;
    }

    public TestRun Run { get; } = new();

    public ScriptBlock BlockScript => RunScripts.Block;

    public ScriptBlock TestScript => RunScripts.Test;

    internal static PesterSession? Current { get; set; }

    /// <summary>The block whose body is being read; null outside the discovery.</summary>
    internal TestBlock? DiscoveredBlock { get; set; }

    /// <summary>Whether any test in the block is to run; if so, says that it begins.</summary>
    public bool Begin(TestBlock block)
    {
        if (!block.Tests().Any(IsSelected))
        {
            return false;
        }

        _report.Begin(block);
        return true;
    }

    /// <summary>Whether the block's own set-up is worth running: some test in it is not skipped.</summary>
    public bool NeedsSetup(TestBlock block) => block.Tests().Any(test => IsSelected(test) && !test.Skip);

    /// <summary>Whether the test is to run; one with -Skip is noted as such.</summary>
    public bool Begin(TestCase test)
    {
        if (!IsSelected(test))
        {
            return false;
        }

        if (test.Skip)
        {
            End(test, "Skipped");
        }

        return !test.Skip;
    }

    public void Pass(TestCase test) => End(test, "Passed");

    /// <summary>Notes why a test ended early: a failure, or its own wish to be skipped.</summary>
    public void Fail(TestCase test, ErrorRecord error)
    {
        test.ErrorRecord.Add(error);
        bool isSkip = error.FullyQualifiedErrorId.StartsWith(SetItResultCommand.SkippedErrorId, StringComparison.Ordinal);
        End(test, isSkip ? "Skipped" : "Failed");
    }

    /// <summary>A block's set-up or clean-up failed: its tests that have not run yet have failed with it.</summary>
    public void Fail(TestBlock block, ErrorRecord error)
    {
        Run.FailedBlocksCount++;
        block.ErrorRecord.Add(error);
        _report.Fail(block, error);
        foreach (TestCase test in block.Tests().Where(test => test.Result == "NotRun" && IsSelected(test)))
        {
            test.ErrorRecord.Add(error);
            test.Result = "Failed";
        }
    }

    public void Rename(TestNode node, string expandedName) => node.ExpandedName = expandedName;

    private void End(TestCase test, string result)
    {
        test.Result = result;
        _report.End(test);
    }

    private bool IsSelected(TestCase test) =>
        (_tags.Length == 0 || Matches(test, _tags)) && !Matches(test, _excludedTags);

    private static bool Matches(TestCase test, string[] patterns) => patterns.Any(
        pattern => test.Tag.Any(new WildcardPattern(pattern, WildcardOptions.IgnoreCase).IsMatch));
}
