using System;
using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using System.Management.Automation.Internal;
using System.Reflection;

namespace Microsoft.PowerShell.Commands;

/// <summary>Ends a pipeline early, without an error, as Select-Object -First does.</summary>
internal static class PipelineEnd
{
    private static readonly ConstructorInfo StopUpstreamConstructor =
        typeof(PSObject).Assembly
            .GetType("System.Management.Automation.StopUpstreamCommandsException", throwOnError: true)!
            .GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, [typeof(InternalCommand)])!;

    /// <summary>Stops the commands before <paramref name="command"/>. Does not return.</summary>
    [DoesNotReturn]
    public static void StopUpstream(PSCmdlet command) =>
        throw (Exception)StopUpstreamConstructor.Invoke([command]);
}
