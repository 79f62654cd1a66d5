using System;
using System.Collections.Generic;
using System.IO;
using System.Management.Automation;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Processes;

namespace Asr.Module.Appliances;

/// <summary>Starts an appliance with all roles on this host and turns the connection to it.</summary>
[Cmdlet(VerbsLifecycle.Start, "AsrAppliance", SupportsShouldProcess = true)]
[OutputType(typeof(AsrAppliance))]
public sealed class StartAsrApplianceCommand : ConnectedCommand
{
    private const int PortMax = 65535;
    private static readonly TimeSpan s_readyTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Port for the module and for agents' control; 0 takes a free one.</summary>
    [Parameter]
    [ValidateRange(0, PortMax)]
    public int ControlPort { get; set; } = 443;

    /// <summary>Port for replication data; 0 takes a free one.</summary>
    [Parameter]
    [ValidateRange(0, PortMax)]
    public int DataPort { get; set; } = 9443;

    /// <summary>Address to listen on.</summary>
    [Parameter]
    [ValidateNotNull]
    public IPAddress ListenAddress { get; set; } = IPAddress.Loopback;

    /// <summary>Folder for spool, logs and failover copies.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? WorkPath { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        string work = WorkPath is null ? DefaultWorkPath() : SessionState.Path.GetUnresolvedProviderPathFromPSPath(WorkPath);
        if (ShouldProcess($"vault '{Active.VaultPath}', ports {ControlPort} and {DataPort}, working folder '{work}'", "Start an appliance"))
        {
            ForAll(Active.VaultPath, () => WriteObject(Run(stop => StartAsync(work, stop))));
        }
    }

    private async Task<AsrAppliance> StartAsync(string work, CancellationToken stop)
    {
        List<string> arguments = new()
        {
            "run", "--vault", Active.VaultPath, "--work", work, "--listen", ListenAddress.ToString(),
            "--control-port", ControlPort.ToString(), "--data-port", DataPort.ToString(),
        };
        arguments.AddRange(Active.Secrets.Arguments);
        AsrAppliance started = await ProductProcess
            .StartAsync<AsrAppliance>(
                ProductExecutable.CreateDetachedStart(ProductExecutable.Appliance, arguments.ToArray()),
                Active.Secrets,
                s_readyTimeout,
                stop)
            .ConfigureAwait(false);
        Active.UseAppliance(new Uri(started.ControlEndpoint));
        return await Active.GetAsync<AsrAppliance>(AsrRoutes.Appliance, stop).ConfigureAwait(false);
    }

    private string DefaultWorkPath() => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "asr",
        $"appliance-{Active.Vault.Id}");
}
