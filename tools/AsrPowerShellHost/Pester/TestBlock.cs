using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>A Describe or Context, or the root of a file. Filled in the discovery, run in the run phase.</summary>
public sealed class TestBlock : TestNode
{
    internal TestBlock(string name, TestBlock? parent, object? data, string[] tags, bool isSkipped)
        : base(name, parent, data, tags, isSkipped)
    {
    }

    public bool IsRoot => Block is null;

    /// <summary>Blocks and tests in the order written.</summary>
    public List<TestNode> Children { get; } = [];

    public List<ScriptBlock> BeforeAll { get; } = [];

    public List<ScriptBlock> BeforeEach { get; } = [];

    public List<ScriptBlock> AfterEach { get; } = [];

    public List<ScriptBlock> AfterAll { get; } = [];

    /// <summary>Every test in this block and those within.</summary>
    public IEnumerable<TestCase> Tests() => Children.SelectMany(child => child switch
    {
        TestBlock block => block.Tests(),
        _ => [(TestCase)child],
    });

    /// <summary>This block and all blocks around it, the outermost first.</summary>
    internal IEnumerable<TestBlock> Lineage() => Block is null ? [this] : Block.Lineage().Append(this);
}
