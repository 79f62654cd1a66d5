using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Hosting;

namespace Asr.Agent.Hosting;

/// <summary>Tries the disks that could not be served again and again, so that one that comes back needs no restart of the others' service.</summary>
internal sealed class DiskRetryLoop(IServedMachine machine, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(false);
            await machine.RetryRefusedDisksAsync(stoppingToken).ConfigureAwait(false);
        }
    }
}
