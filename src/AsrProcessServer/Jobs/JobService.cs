using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.ProcessServer.Machines;
using Orleans;

namespace Asr.ProcessServer.Jobs;

/// <inheritdoc cref="IJobService" />
public sealed class JobService(ICatalog catalog, IGrainFactory grains, ChangeSignals signals, TimeProvider time) : IJobService
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(10);

    /// <inheritdoc />
    public async Task<IReadOnlyList<AsrJob>> ListAsync(int countMax, CancellationToken cancellationToken)
    {
        List<JobDocument> documents = [];
        await foreach (CatalogDocument document in catalog.ListAsync(JobDocument.Collection, cancellationToken))
        {
            documents.Add(CatalogGrainStorage.Parse<JobDocument>(document.Content, JobDocument.Collection, document.Id));
        }
        List<AsrJob> jobs = [];
        foreach (JobDocument document in documents.OrderByDescending(document => document.Job.StartTime).Take(countMax))
        {
            // The document of a running job lacks the progress since its last step.
            jobs.Add(document.HasEnded ? document.Job : await GetAsync(document.Job.Id, null, cancellationToken));
        }
        return jobs;
    }

    /// <inheritdoc />
    public async Task<AsrJob> GetAsync(Guid jobId, long? knownRevision, CancellationToken cancellationToken)
    {
        IJobGrain grain = grains.GetGrain<IJobGrain>(jobId);
        JobDocument? document = knownRevision is { } known
            ? await signals.WaitAsync(
                jobId, grain.FindAsync, found => found is null || found.HasEnded || found.Job.Revision != known, LongPoll, cancellationToken)
            : await grain.FindAsync();
        return document?.Job ?? throw NotFound(jobId);
    }

    /// <inheritdoc />
    public async Task<AsrJob> StartCheckAsync(VaultCheckRequest request, string requestedBy, CancellationToken cancellationToken)
    {
        string machineName = request.MachineId is { } machineId ? (await grains.GetGrain<IMachineGrain>(machineId).LookAsync()).Document.Name : "";
        IJobGrain grain = grains.GetGrain<IJobGrain>(request.RequestId);
        if (await grain.FindAsync() is { } known && (known.Job.Operation != MachineOperation.CheckVault || known.Job.MachineId != (request.MachineId ?? Guid.Empty)))
        {
            throw new AsrException(
                AsrErrorCode.AlreadyExists, $"Request id {request.RequestId} belongs to another request.", "Give every request an id of its own.", request.RequestId.ToString());
        }
        JobTicket ticket = new()
        {
            JobId = request.RequestId,
            Request = new OperationRequest { RequestId = request.RequestId, Operation = MachineOperation.CheckVault, VaultCheck = request },
            RequestedBy = requestedBy,
            AcceptedAt = time.GetUtcNow(),
        };
        return await grain.StartAsync(ticket, request.MachineId ?? Guid.Empty, machineName);
    }

    /// <inheritdoc />
    public async Task<AsrJob> CancelAsync(Guid jobId, string requestedBy, CancellationToken cancellationToken)
    {
        IJobGrain grain = grains.GetGrain<IJobGrain>(jobId);
        return await grain.FindAsync() is null ? throw NotFound(jobId) : await grain.CancelAsync(requestedBy);
    }

    private static AsrException NotFound(Guid jobId) =>
        new(AsrErrorCode.NotFound, $"The vault knows no job {jobId}.", "List the jobs to see their ids.", jobId.ToString());
}
