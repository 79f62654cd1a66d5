using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Asr.PowerShellHost.Pester;

/// <summary>One It, with one item of its -ForEach.</summary>
public sealed class TestCase : TestNode
{
    internal TestCase(string name, TestBlock parent, ScriptBlock body, object? data, string[] tags, bool isSkipped)
        : base(name, parent, data, tags, isSkipped) => ScriptBlock = body;

    public ScriptBlock ScriptBlock { get; }

    /// <summary>Passed, Failed, Skipped or NotRun.</summary>
    public string Result { get; internal set; } = "NotRun";

    /// <summary>The set-ups around the test, the outermost block's first.</summary>
    public ScriptBlock[] Setups() => [.. Block!.Lineage().SelectMany(block => block.BeforeEach)];

    /// <summary>The clean-ups around the test, the innermost block's first.</summary>
    public ScriptBlock[] Teardowns() => [.. Block!.Lineage().Reverse().SelectMany(block => block.AfterEach)];

    /// <summary>The values for the body's own param block, by name; empty when it has none.</summary>
    public Hashtable Arguments()
    {
        Hashtable arguments = [];
        bool hasParameters = ((ScriptBlockAst)ScriptBlock.Ast).ParamBlock is not null;
        foreach (KeyValuePair<string, object?> variable in hasParameters ? Variables() : [])
        {
            if (variable.Key != "_")
            {
                arguments[variable.Key] = variable.Value;
            }
        }

        return arguments;
    }
}
