using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Appliance;
using Asr.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Hosting;

/// <summary>Fetches what the machine should be doing by long poll and hands it on. While the appliance is away the last assignment holds.</summary>
internal sealed class AssignmentLoop(ControlClient control, IServedMachine machine, ControlHealth health, LoopHealth loops, TimeProvider time, ILogger<AssignmentLoop> logger) : BackgroundService
{
    /// <summary>Keeps an appliance that answers polls at once from being asked without end.</summary>
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(50);

    // Each try ends within the time that an answer may take; taking an assignment up waits for the workload's writes in flight.
    private static readonly TimeSpan SilenceMax = TimeSpan.FromMinutes(10);

    private readonly LoopPulse _pulse = loops.Watch("assignment poll", SilenceMax);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        ApplianceExchange exchange = health.Add("assignment poll", logger);
        long? known = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            // Applied within the exchange: an assignment that could not be taken up is fetched and tried again.
            known = await exchange.RunAsync(token => FetchAsync(known, token), stoppingToken).ConfigureAwait(false);
            await Task.Delay(PauseMin, time, stoppingToken).ConfigureAwait(false);
        }
    }

    private async Task<long> FetchAsync(long? known, CancellationToken cancellationToken)
    {
        _pulse.Beat();
        AgentAssignment assignment = await control.GetAssignmentAsync(known, cancellationToken).ConfigureAwait(false);
        if (assignment.Revision != known)
        {
            logger.Assigned(assignment.Revision, assignment.Mode, assignment.DiskIds.Count);
            await machine.ApplyAsync(assignment, cancellationToken).ConfigureAwait(false);
        }

        return assignment.Revision;
    }
}
