using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Hosting;

namespace Asr.Agent.Hosting;

/// <summary>Looks again and again for disks that have come, grown or gone, and tries those that could not be served: none of it needs a restart of the others' service.</summary>
internal sealed class DiskLoop(IServedMachine machine, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(false);
            await machine.FollowDisksAsync(stoppingToken).ConfigureAwait(false);
        }
    }
}
