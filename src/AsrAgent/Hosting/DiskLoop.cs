using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Hosting;

/// <summary>Looks again and again for disks that have come, grown or gone, and tries those that could not be served: none of it needs a restart of the others' service.</summary>
internal sealed class DiskLoop(IServedMachine machine, LoopHealth health, TimeProvider time, ILogger<DiskLoop> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    // A disk in trouble can make its opening or closing wait for minutes.
    private static readonly TimeSpan SilenceMax = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LoopPulse pulse = health.Watch("disk watch", SilenceMax);
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(false);
            pulse.Beat();
            try
            {
                await machine.FollowDisksAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // The registry may not be writable for a while; the disks in service go on, and the next look tries again.
                logger.DiskWatchFaulted(error);
            }
        }
    }
}
