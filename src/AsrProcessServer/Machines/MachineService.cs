using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Recovery;
using Orleans;

namespace Asr.ProcessServer.Machines;

/// <inheritdoc cref="IMachineService" />
public sealed class MachineService(MachineDirectory directory, IGrainFactory grains, IExportHost exports, PointsInTime pointsInTime, ChangeSignals signals, TimeProvider time)
    : IMachineService, IDisposable
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _registering = new(1, 1);

    /// <inheritdoc />
    public async Task<IReadOnlyList<AsrReplicatedMachine>> ListAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<MachineDocument> documents = await directory.ListAsync(cancellationToken);
        MachineView[] views = await Task.WhenAll(documents.Select(document => Grain(document.Id).LookAsync()));
        return views.Select(Show).OrderBy(machine => machine.Name, StringComparer.OrdinalIgnoreCase).ToArray();
    }

    /// <inheritdoc />
    public async Task<AsrReplicatedMachine> GetAsync(Guid machineId, CancellationToken cancellationToken) => Show(await Grain(machineId).LookAsync());

    /// <inheritdoc />
    public async Task<Guid> RegisterAsync(string machineName, CancellationToken cancellationToken)
    {
        // Two agents that enroll under one name at the same moment must not become two machines.
        await _registering.WaitAsync(cancellationToken);
        try
        {
            IReadOnlyList<MachineDocument> documents = await directory.ListAsync(cancellationToken);
            MachineDocument? known = documents.FirstOrDefault(document => string.Equals(document.Name, machineName, StringComparison.OrdinalIgnoreCase));
            Guid id = known?.Id ?? Guid.NewGuid();
            await Grain(id).RegisterAsync(machineName);
            return id;
        }
        finally
        {
            _registering.Release();
        }
    }

    /// <inheritdoc />
    public Task ReportAsync(Guid machineId, AgentReport report, CancellationToken cancellationToken) => Grain(machineId).ReportAsync(report);

    /// <inheritdoc />
    public async Task<AgentAssignment> GetAssignmentAsync(Guid machineId, long? knownRevision, CancellationToken cancellationToken)
    {
        IMachineGrain grain = Grain(machineId);
        MachineView view = knownRevision is { } known
            ? await signals.WaitAsync(machineId, grain.LookAsync, seen => seen.Document.Assignment.Revision != known, LongPoll, cancellationToken)
            : await grain.LookAsync();
        return view.Document.Assignment;
    }

    /// <inheritdoc />
    public async Task<AsrJob> StartAsync(Guid machineId, OperationRequest request, string requestedBy, CancellationToken cancellationToken)
    {
        IMachineGrain grain = Grain(machineId);
        if (request.PointInTime is not null)
        {
            // What the machine refuses, or has accepted before under the same id, needs no point; the grain gives the answer to both.
            AsrReplicatedMachine machine = Show(await grain.LookAsync());
            request = machine.AllowedOperations.Contains(request.Operation) ? await pointsInTime.ResolveAsync(machine, request, cancellationToken) : request;
        }
        return await grain.StartAsync(request, requestedBy);
    }

    /// <inheritdoc />
    public Task OnPointPublishedAsync(AsrRecoveryPoint point, CancellationToken cancellationToken) => Grain(point.MachineId).PointPublishedAsync(point);

    /// <inheritdoc />
    public async Task OnPolicyChangedAsync(AsrReplicationPolicy policy, CancellationToken cancellationToken)
    {
        foreach (MachineDocument document in await directory.ListAsync(cancellationToken))
        {
            await Grain(document.Id).PolicyChangedAsync(policy);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _registering.Dispose();

    private IMachineGrain Grain(Guid machineId) => grains.GetGrain<IMachineGrain>(machineId);

    private AsrReplicatedMachine Show(MachineView view) => view.Show(time.GetUtcNow(), exports.FindUri);
}
