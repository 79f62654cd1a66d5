using System;
using System.ComponentModel;
using System.Diagnostics;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Commands;

namespace Asr.Module.Appliances;

/// <summary>Stops the appliance in order: running jobs are left to be resumed, the spool goes to the vault. Returns when it no longer answers.</summary>
[Cmdlet(VerbsLifecycle.Stop, "AsrAppliance", SupportsShouldProcess = true)]
public sealed class StopAsrApplianceCommand : ConnectedCommand
{
    private static readonly TimeSpan s_pollPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_stopTimeout = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ShouldProcess($"appliance at {Active.ApplianceUri}", "Stop"))
        {
            ForAll(Active.ApplianceUri, () => Run(StopAsync));
        }
    }

    private async Task<bool> StopAsync(CancellationToken stop)
    {
        AsrAppliance appliance = await Active.GetAsync<AsrAppliance>(AsrRoutes.Appliance, stop).ConfigureAwait(false);
        await Active.PostAsync(AsrRoutes.Shutdown, stop).ConfigureAwait(false);
        bool isLocal = new Uri(appliance.ControlEndpoint).IsLoopback;
        Stopwatch waited = Stopwatch.StartNew();
        while (isLocal && IsRunning(appliance.ProcessId))
        {
            if (waited.Elapsed > s_stopTimeout)
            {
                throw new AsrException(
                    AsrErrorCode.TimedOut,
                    $"The appliance (process {appliance.ProcessId}) has not stopped within {s_stopTimeout.TotalSeconds:0} s.",
                    "See its log in the working folder; it may still be emptying its spool.",
                    appliance.ControlEndpoint);
            }

            await Task.Delay(s_pollPause, stop).ConfigureAwait(false);
        }

        Active.UseAppliance(null);
        return true;
    }

    private static bool IsRunning(int processId)
    {
        try
        {
            using Process process = Process.GetProcessById(processId);
            return !process.HasExited;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }
}
