using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>What Describe, Context and It share. Pester's words are aliases: a compiled command needs a verb.</summary>
public abstract class NodeCommand : PSCmdlet
{
    [Parameter(Mandatory = true, Position = 0)]
    public string Name { get; set; } = "";

    [Parameter]
    [Alias("Tags")]
    public string[] Tag { get; set; } = [];

    [Parameter]
    public SwitchParameter Skip { get; set; }

    [Parameter]
    [Alias("TestCases")]
    [AllowNull]
    [AllowEmptyCollection]
    public object?[]? ForEach { get; set; }

    /// <summary>One item for each repetition; a single null when there is no -ForEach.</summary>
    private protected object?[] Items() => MyInvocation.BoundParameters.ContainsKey(nameof(ForEach)) ? ForEach ?? [] : [null];

    private protected TestBlock DiscoveredBlock() =>
        PesterSession.Current?.DiscoveredBlock
        ?? throw new PSInvalidOperationException($"{MyInvocation.InvocationName} can be used in a test file's blocks only.");
}
