using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Hosting;

/// <summary>
/// Tells the service manager that the agent is alive, and says in a line what it does, while every watched loop is; does nothing where no manager waits for that. A loop that stands still or died
/// ends the signs of life, and the manager starts the agent anew, from whose stop no change is lost.
/// </summary>
internal sealed class WatchdogLoop(ServiceNotifier notifier, LoopHealth health, IServedMachine machine, TimeProvider time, ILogger<WatchdogLoop> logger) : BackgroundService
{
    // Two signs may be late before the manager acts.
    private const int SignsPerInterval = 3;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (notifier.WatchdogInterval is not { } interval)
        {
            return;
        }

        LoopPulse? silent = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            LoopPulse? now = health.FindSilent();
            if (now is null)
            {
                notifier.Alive(Describe(machine.GetReport()));
            }
            else if (now != silent)
            {
                logger.LoopSilent(now.Name, now.SilenceMax);
            }

            silent = now;
            await Task.Delay(interval / SignsPerInterval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The agent in one line, which <c>systemctl status</c> shows.</summary>
    public static string Describe(AgentReport report)
    {
        string state = report.InSync ? "in sync" : report.Resynchronizing ? "resynchronising" : "not in sync";
        string error = report.Error is { } cause ? $", {cause.Code}" : "";
        return $"{report.Mode}, {report.Disks.Count} disk(s){(report.Mode == AgentMode.Replicate ? ", " + state : "")}{error}";
    }
}
