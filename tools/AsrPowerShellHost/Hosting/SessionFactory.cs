using System;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;
using System.Reflection;
using Microsoft.PowerShell;

namespace Asr.PowerShellHost.Hosting;

/// <summary>Makes the runspace: the engine's own commands, and those this host supplies.</summary>
internal static class SessionFactory
{
    public static Runspace Open(PSHost host)
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ThreadOptions = PSThreadOptions.UseCurrentThread;
        if (OperatingSystem.IsWindows())
        {
            state.ExecutionPolicy = ExecutionPolicy.Bypass;
        }

        foreach (Type type in Assembly.GetExecutingAssembly().GetExportedTypes())
        {
            if (type.GetCustomAttribute<CmdletAttribute>() is { } cmdlet)
            {
                string name = $"{cmdlet.VerbName}-{cmdlet.NounName}";
                state.Commands.Add(new SessionStateCmdletEntry(name, type, helpFileName: null));
                foreach (string alias in type.GetCustomAttribute<AliasAttribute>()?.AliasNames ?? [])
                {
                    state.Commands.Add(new SessionStateAliasEntry(alias, name));
                }
            }
        }

        foreach ((string name, string text) in HostFunctions.All)
        {
            state.Commands.Add(new SessionStateFunctionEntry(name, text));
        }

        Runspace runspace = RunspaceFactory.CreateRunspace(host, state);
        runspace.Open();
        Runspace.DefaultRunspace = runspace;
        if (!host.UI.SupportsVirtualTerminal)
        {
            PSStyle.Instance.OutputRendering = OutputRendering.PlainText;
        }

        return runspace;
    }
}
