using System;
using System.Globalization;
using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;

namespace Asr.PowerShellHost.Hosting;

/// <summary>The host of one runspace on a console, a pipe or a file. One thread runs its script.</summary>
internal sealed class ConsoleHost : PSHost, IHostSupportsInteractiveSession, IDisposable
{
    public ConsoleHost(bool isNonInteractive) => Interface = new ConsoleHostInterface(isNonInteractive);

    /// <summary>The code a script asked to exit with; null while it has not.</summary>
    public int? ExitCode { get; private set; }

    public ConsoleHostInterface Interface { get; }

    /// <summary>The runspace this host serves, set when it has been opened.</summary>
    public Runspace Runspace { get; set; } = null!;

    public override CultureInfo CurrentCulture => CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.CurrentUICulture;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    // The name of the console host that this one stands in for: some scripts ask for it.
    public override string Name => "ConsoleHost";

    public override PSHostUserInterface UI => Interface;

    public override Version Version { get; } = typeof(ConsoleHost).Assembly.GetName().Version ?? new Version(0, 0);

    public bool IsRunspacePushed => false;

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;

    public override void EnterNestedPrompt() => throw new NotSupportedException("This host runs scripts only.");

    public override void ExitNestedPrompt() => throw new NotSupportedException("This host runs scripts only.");

    public override void NotifyBeginApplication() => Interface.EndProgress();

    public override void NotifyEndApplication()
    {
    }

    public void PushRunspace(Runspace runspace) => throw new NotSupportedException("This host has no remoting.");

    public void PopRunspace() => throw new NotSupportedException("This host has no remoting.");

    public void Dispose() => Interface.EndProgress();
}
