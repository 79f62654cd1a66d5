using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>It: one test for each item of -ForEach.</summary>
[Cmdlet(VerbsCommon.Add, "TestCase")]
[Alias("It")]
public sealed class ItCommand : NodeCommand
{
    [Parameter(Position = 1)]
    public ScriptBlock Test { get; set; } = ScriptBlock.Create("");

    protected override void EndProcessing()
    {
        TestBlock parent = DiscoveredBlock();
        foreach (object? item in Items())
        {
            parent.Children.Add(new TestCase(Name, parent, Test, item, Tag, Skip));
        }
    }
}
