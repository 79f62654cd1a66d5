using System.Management.Automation;

namespace Asr.Module.Connections;

/// <summary>Closes the runspace's default connection when the module is removed from it.</summary>
public sealed class ModuleCleanup : IModuleAssemblyCleanup
{
    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        AsrConnection? connection = DefaultConnection.Current;
        DefaultConnection.Clear();
        connection?.Dispose();
    }
}
