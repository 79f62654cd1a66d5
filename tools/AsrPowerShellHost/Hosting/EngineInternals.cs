using System.Management.Automation.Runspaces;
using System.Reflection;

namespace Asr.PowerShellHost.Hosting;

/// <summary>Settings of the engine that only PowerShell's own console host can reach otherwise.</summary>
internal static class EngineInternals
{
    private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic;

    /// <summary>
    /// Makes <c>exit N</c> in the next script file that is run end the host with that code. Without it the engine
    /// takes the file for one called from a prompt, and only sets $LASTEXITCODE.
    /// </summary>
    public static void LetExitEndHost(Runspace runspace)
    {
        object context = typeof(Runspace).GetProperty("ExecutionContext", Hidden)!.GetValue(runspace)!;
        context.GetType().GetProperty("ScriptCommandProcessorShouldRethrowExit", Hidden)!.SetValue(context, true);
    }
}
