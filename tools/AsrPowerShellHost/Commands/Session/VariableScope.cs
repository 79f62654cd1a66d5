using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Variables by the -Scope of their commands: a name, or a number of scopes up from the caller.</summary>
internal static class VariableScope
{
    public static PSVariable? Find(PSCmdlet command, string name, string? scope) =>
        command.SessionState.PSVariable.Get(PathOf(name, scope));

    public static void Set(PSCmdlet command, string name, object? value, string? scope, ScopedItemOptions options)
    {
        object? bare = value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
        if (options == ScopedItemOptions.None)
        {
            command.SessionState.PSVariable.Set(PathOf(name, scope), bare);
        }
        else
        {
            command.SessionState.PSVariable.Set(new PSVariable(PathOf(name, scope), bare, options));
        }
    }

    private static string PathOf(string name, string? scope)
    {
        if (scope is null)
        {
            return name;
        }

        if (int.TryParse(scope, out int levels) && levels != 0)
        {
            throw new PSArgumentException("Scopes other than the current one are given by name here: Global, Script, Local.");
        }

        return levels == 0 && char.IsAsciiDigit(scope[0]) ? $"local:{name}" : $"{scope}:{name}";
    }
}
