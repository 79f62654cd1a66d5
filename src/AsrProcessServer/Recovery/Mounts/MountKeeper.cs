using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Hosting;

namespace Asr.ProcessServer.Recovery.Mounts;

/// <summary>
/// At the start: sweeps what a killed process has left of its mounts, before anyone can ask for one. Then ends mounts whose time is over, and at the end of
/// the appliance all of them.
/// </summary>
public sealed class MountKeeper(PointMounts mounts, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await mounts.SweepAsync();
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await mounts.DisposeAsync();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Round, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await mounts.ExpireAsync();
        }
    }
}
