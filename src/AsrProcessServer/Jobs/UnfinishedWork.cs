using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Vault;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Recovery;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Asr.ProcessServer.Jobs;

/// <summary>
/// At the start: brings the copies at the recovery site back up and takes unfinished jobs up again. At the end: stops the jobs
/// where they are. Registered after the silo, so it starts after it and stops before it.
/// </summary>
public sealed class UnfinishedWork(
    ICatalog catalog, MachineDirectory directory, RecoverySite site, IGrainFactory grains, JobRunner runner, TimeProvider time, ILogger<UnfinishedWork> logger)
    : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await runner.StopAsync();
        await site.DisposeAsync();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Copies first: a job that goes on expects the exports it made to be there.
        while (!await TryAsync(() => site.ConvergeAllAsync(stoppingToken), stoppingToken) || !await TryAsync(() => ResumeAsync(stoppingToken), stoppingToken))
        {
            await Task.Delay(RetryDelay, time, stoppingToken);
        }
    }

    private async Task<bool> TryAsync(Func<Task> action, CancellationToken stoppingToken)
    {
        try
        {
            await action();
            return true;
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            JobsLog.ResumeFailed(logger, error);
            return false;
        }
    }

    private async Task ResumeAsync(CancellationToken cancellationToken)
    {
        // Jobs that have lost their machine to another one come first: they have to take their effects back before the other goes on.
        JobDocument[] unfinished = await catalog.ListAsync(JobDocument.Collection, cancellationToken)
            .Select(document => CatalogGrainStorage.Parse<JobDocument>(document.Content, JobDocument.Collection, document.Id))
            .Where(document => !document.HasEnded)
            .OrderBy(document => document.Job.StartTime)
            .ToArrayAsync(cancellationToken);
        foreach (JobDocument document in unfinished)
        {
            await grains.GetGrain<IJobGrain>(document.Job.Id).StartAsync(TicketOf(document), document.Job.MachineId, document.Job.MachineName);
        }
        foreach (MachineDocument machine in await directory.ListAsync(cancellationToken))
        {
            await grains.GetGrain<IMachineGrain>(machine.Id).ResumeJobAsync();
        }
    }

    private static JobTicket TicketOf(JobDocument document) => new()
    {
        JobId = document.Job.Id,
        Request = document.Request,
        RequestedBy = document.Job.RequestedBy,
        AcceptedAt = document.Job.StartTime,
    };
}
