using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>
/// The scopes of a run, which only PowerShell itself can make: set-ups are dot-sourced into the scope that the
/// children's scopes are made in, so that what BeforeAll sets, each It sees and none can change for another.
/// The scripts are bound to no module: they run in the session state of the test file. Their own variables have a
/// prefix that no test uses.
/// </summary>
internal static class RunScripts
{
    private const string SetVariables = """
            foreach ($______variable in $______node.Variables()) {
                $ExecutionContext.SessionState.PSVariable.Set($______variable.Key, $______variable.Value)
            }
            """;

    private const string ExpandName = """
            if ($______node.NameTemplate) {
                $______session.Rename($______node, $ExecutionContext.InvokeCommand.ExpandString($______node.NameTemplate))
            }
            """;

    /// <summary>Reads a block's body: what it holds is noted, nothing of it runs.</summary>
    public static ScriptBlock Discovery { get; } = ScriptBlock.Create($$"""
        param($______node, $______body)
        {{SetVariables}}
        $null = . $______body
        """);

    /// <summary>Reads a file.</summary>
    public static ScriptBlock File { get; } = ScriptBlock.Create("""
        param($______file)
        try { $null = & $______file } catch { $_ }
        """);

    public static ScriptBlock Block { get; } = ScriptBlock.Create($$"""
        param($______session, $______node, $TestDrive)
        {{SetVariables}}
        try {
            {{ExpandName}}
            if (-not $______session.Begin($______node)) { return }
            $______needsSetup = $______session.NeedsSetup($______node)
            if ($______needsSetup) {
                foreach ($______script in $______node.BeforeAll) { $null = . $______script }
            }
            foreach ($______child in $______node.Children) {
                if ($______child.PSObject.TypeNames[0].EndsWith('TestBlock')) {
                    & $______session.BlockScript $______session $______child $TestDrive
                }
                else {
                    & $______session.TestScript $______session $______child
                }
            }
        }
        catch {
            $______session.Fail($______node, $_)
        }
        finally {
            try {
                if ($______needsSetup) {
                    foreach ($______script in $______node.AfterAll) { $null = . $______script }
                }
            }
            catch {
                $______session.Fail($______node, $_)
            }
        }
        """);

    public static ScriptBlock Test { get; } = ScriptBlock.Create($$"""
        param($______session, $______node)
        {{SetVariables}}
        try {
            {{ExpandName}}
            if (-not $______session.Begin($______node)) { return }
            try {
                foreach ($______script in $______node.Setups()) { $null = . $______script }
                $______arguments = $______node.Arguments()
                $null = . $______node.ScriptBlock @______arguments
            }
            finally {
                foreach ($______script in $______node.Teardowns()) { $null = . $______script }
            }
            $______session.Pass($______node)
        }
        catch {
            $______session.Fail($______node, $_)
        }
        """);
}
