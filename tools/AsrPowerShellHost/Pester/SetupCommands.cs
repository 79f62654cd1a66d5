using System.Collections.Generic;
using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>What BeforeAll, BeforeEach, AfterEach and AfterAll share: a script kept for the run phase.</summary>
public abstract class SetupCommand : PSCmdlet
{
    [Parameter(Mandatory = true, Position = 0)]
    public ScriptBlock Scriptblock { get; set; } = null!;

    private protected abstract List<ScriptBlock> ListOf(TestBlock block);

    protected override void EndProcessing()
    {
        TestBlock? block = PesterSession.Current?.DiscoveredBlock;
        if (block is null)
        {
            throw new PSInvalidOperationException($"{MyInvocation.InvocationName} can be used in a test file's blocks only.");
        }

        ListOf(block).Add(Scriptblock);
    }
}

/// <summary>BeforeAll.</summary>
[Cmdlet(VerbsCommon.Add, "BeforeAll")]
[Alias("BeforeAll")]
public sealed class BeforeAllCommand : SetupCommand
{
    private protected override List<ScriptBlock> ListOf(TestBlock block) => block.BeforeAll;
}

/// <summary>BeforeEach.</summary>
[Cmdlet(VerbsCommon.Add, "BeforeEach")]
[Alias("BeforeEach")]
public sealed class BeforeEachCommand : SetupCommand
{
    private protected override List<ScriptBlock> ListOf(TestBlock block) => block.BeforeEach;
}

/// <summary>AfterEach.</summary>
[Cmdlet(VerbsCommon.Add, "AfterEach")]
[Alias("AfterEach")]
public sealed class AfterEachCommand : SetupCommand
{
    private protected override List<ScriptBlock> ListOf(TestBlock block) => block.AfterEach;
}

/// <summary>AfterAll.</summary>
[Cmdlet(VerbsCommon.Add, "AfterAll")]
[Alias("AfterAll")]
public sealed class AfterAllCommand : SetupCommand
{
    private protected override List<ScriptBlock> ListOf(TestBlock block) => block.AfterAll;
}

/// <summary>BeforeDiscovery: runs at once, in the scope it stands in.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "BeforeDiscovery")]
[Alias("BeforeDiscovery")]
public sealed class BeforeDiscoveryCommand : PSCmdlet
{
    [Parameter(Mandatory = true, Position = 0)]
    public ScriptBlock ScriptBlock { get; set; } = null!;

    protected override void EndProcessing() => InvokeCommand.InvokeScript(useLocalScope: false, ScriptBlock, input: null);
}
