using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>Describe and Context: reads a block and what it holds, once for each item of -ForEach.</summary>
[Cmdlet(VerbsCommon.Add, "TestBlock")]
[Alias("Describe", "Context")]
public sealed class BlockCommand : NodeCommand
{
    [Parameter(Position = 1, Mandatory = true)]
    public ScriptBlock Fixture { get; set; } = null!;

    protected override void EndProcessing()
    {
        TestBlock parent = DiscoveredBlock();
        PesterSession session = PesterSession.Current!;
        foreach (object? item in Items())
        {
            TestBlock block = new(Name, parent, item, Tag, Skip);
            parent.Children.Add(block);
            session.DiscoveredBlock = block;
            InvokeCommand.InvokeScript(true, RunScripts.Discovery, null, block, Fixture);
            session.DiscoveredBlock = parent;
        }
    }
}
