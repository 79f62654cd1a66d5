using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Appliance;
using Asr.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Hosting;

/// <summary>Reports what the machine does every second, and at once what a job may be waiting for. A try after a failure reports what is so then, not what was so before.</summary>
internal sealed class ReportLoop(ControlClient control, IServedMachine machine, ControlHealth health, LoopHealth loops, TimeProvider time, ILogger<ReportLoop> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Between two reports at least, however much happens.</summary>
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(20);

    // Each try ends within the time that an answer may take, and the next follows within seconds.
    private static readonly TimeSpan SilenceMax = TimeSpan.FromMinutes(5);

    private readonly LoopPulse _pulse = loops.Watch("report", SilenceMax);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        ApplianceExchange exchange = health.Add("report", logger);
        while (!stoppingToken.IsCancellationRequested)
        {
            await exchange.RunAsync(SendAsync, stoppingToken).ConfigureAwait(false);
            await Task.Delay(PauseMin, time, stoppingToken).ConfigureAwait(false);
            await machine.WaitForNewsAsync(Interval - PauseMin, stoppingToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> SendAsync(CancellationToken cancellationToken)
    {
        _pulse.Beat();
        AgentReport report = machine.GetReport();
        await control.ReportAsync(report, cancellationToken).ConfigureAwait(false);
        machine.NoteReported(report);
        health.NoteContact();
        return true;
    }
}
