using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Groups;
using Asr.ProcessServer.Recovery;
using Orleans;

namespace Asr.ProcessServer.Machines;

/// <inheritdoc cref="IMachineService" />
public sealed class MachineService(MachineDirectory directory, IGrainFactory grains, IExportHost exports, PointsInTime pointsInTime, GroupService groups, ChangeSignals signals, TimeProvider time)
    : IMachineService, IDisposable
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _registering = new(1, 1);
    private readonly SemaphoreSlim _grouping = new(1, 1);

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
        if (request is { Operation: MachineOperation.EnableReplication, ConsistencyGroup: { } group })
        {
            return await InGroupAsync(machineId, group, request.PolicyName, () => grain.StartAsync(request, requestedBy), cancellationToken);
        }
        return await grain.StartAsync(request, requestedBy);
    }

    /// <inheritdoc />
    public async Task<AsrReplicatedMachine> SetConsistencyGroupAsync(Guid machineId, string? group, CancellationToken cancellationToken)
    {
        IMachineGrain grain = Grain(machineId);
        if (group is null)
        {
            await grain.SetConsistencyGroupAsync(null);
        }
        else
        {
            string? policy = (await grain.LookAsync()).Document.PolicyName;
            await InGroupAsync(machineId, group, policy, async () =>
            {
                await grain.SetConsistencyGroupAsync(group);
                return true;
            }, cancellationToken);
        }
        return Show(await grain.LookAsync());
    }

    /// <inheritdoc />
    public Task<ConsistencyOrder> StepAsync(Guid machineId, ConsistencyStep step, CancellationToken cancellationToken) => groups.StepAsync(machineId, step, cancellationToken);

    /// <summary>Puts a machine into a group whose rules it fits. One at a time: two that join together must not both be the last for which there is room.</summary>
    private async Task<T> InGroupAsync<T>(Guid machineId, string group, string? policyName, Func<Task<T>> join, CancellationToken cancellationToken)
    {
        await _grouping.WaitAsync(cancellationToken);
        try
        {
            MachineDocument[] others = (await directory.ListAsync(cancellationToken))
                .Where(document => document.Id != machineId && ConsistencyGroup.Is(document.ConsistencyGroup, group)).ToArray();
            if (others.Length >= ConsistencyGroup.MachinesMax)
            {
                throw new AsrException(
                    AsrErrorCode.ConsistencyGroupFull,
                    $"Consistency group '{group}' has {others.Length} machines already; it can have {ConsistencyGroup.MachinesMax}.",
                    "Group only machines that need points of one moment: all of them are at rest until the last is.",
                    group);
            }
            if (others.FirstOrDefault(other => policyName is not null && !string.Equals(other.PolicyName, policyName, StringComparison.OrdinalIgnoreCase)) is { } different)
            {
                throw new AsrException(
                    AsrErrorCode.ConsistencyGroupPolicyDiffers,
                    $"The machines of consistency group '{group}' are under policy '{different.PolicyName}', this one would be under '{policyName}'.",
                    "Choose the group's policy, or another group.",
                    group);
            }
            return await join();
        }
        finally
        {
            _grouping.Release();
        }
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
    public void Dispose()
    {
        _registering.Dispose();
        _grouping.Dispose();
    }

    private IMachineGrain Grain(Guid machineId) => grains.GetGrain<IMachineGrain>(machineId);

    private AsrReplicatedMachine Show(MachineView view) => view.Show(time.GetUtcNow(), exports.FindUri);
}
