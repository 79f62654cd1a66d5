using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;

namespace Asr.Module.Connections;

/// <summary>
/// The connection that cmdlets use when none is given: one for each runspace, so that parallel scripts do not change each other's vault.
/// Goes with its runspace.
/// </summary>
internal static class DefaultConnection
{
    private static readonly ConditionalWeakTable<Runspace, AsrConnection> s_connections = new();

    /// <summary>The connection of the runspace whose pipeline calls, or null.</summary>
    public static AsrConnection? Current =>
        Runspace.DefaultRunspace is { } runspace && s_connections.TryGetValue(runspace, out AsrConnection? connection) ? connection : null;

    /// <summary>Makes a connection the default. An earlier one stays open for those who hold it.</summary>
    public static void Set(AsrConnection connection)
    {
        Clear();
        s_connections.Add(Runspace.DefaultRunspace, connection);
    }

    /// <summary>Leaves the runspace without a default.</summary>
    public static void Clear() => s_connections.Remove(Runspace.DefaultRunspace);
}
