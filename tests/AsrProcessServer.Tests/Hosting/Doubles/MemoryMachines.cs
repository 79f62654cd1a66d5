using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Jobs;
using Asr.ProcessServer.Machines;

namespace Asr.ProcessServer.Tests.Hosting.Doubles;

/// <summary>Machines and jobs in memory; jobs stay as accepted until a test changes them.</summary>
internal sealed class MemoryMachines : IMachineService, IJobService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, AsrReplicatedMachine> _machines = [];
    private readonly Dictionary<Guid, AsrJob> _jobs = [];
    private TaskCompletionSource _changed = NewSignal();

    public List<AgentReport> Reports { get; } = [];

    public List<AsrReplicationPolicy> ChangedPolicies { get; } = [];

    public AgentAssignment Assignment { get; private set; } = new() { Revision = 1, Mode = AgentMode.Replicate };

    public TaskCompletionSource WaitBegun { get; private set; } = NewSignal();

    public void Set(AsrReplicatedMachine machine) => Change(() => _machines[machine.Id] = machine);

    public void Set(AsrJob job) => Change(() => _jobs[job.Id] = job);

    public void Assign(AgentAssignment assignment) => Change(() => Assignment = assignment);

    public Task<IReadOnlyList<AsrReplicatedMachine>> ListAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<AsrReplicatedMachine>>(_machines.Values.OrderBy(machine => machine.Name, StringComparer.OrdinalIgnoreCase).ToList());
        }
    }

    public Task<AsrReplicatedMachine> GetAsync(Guid machineId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(_machines.GetValueOrDefault(machineId) ?? throw new AsrException(AsrErrorCode.NotFound, $"No machine {machineId}."));
        }
    }

    public Task<Guid> RegisterAsync(string machineName, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            AsrReplicatedMachine? known = _machines.Values.FirstOrDefault(machine => string.Equals(machine.Name, machineName, StringComparison.OrdinalIgnoreCase));
            if (known is { AgentConnected: true })
            {
                throw new AsrException(AsrErrorCode.AlreadyExists, $"Machine '{machineName}' has an agent that reports.");
            }

            known ??= new AsrReplicatedMachine { Id = Guid.NewGuid(), Name = machineName };
            _machines[known.Id] = known;
            return Task.FromResult(known.Id);
        }
    }

    public Task ReportAsync(Guid machineId, AgentReport report, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Reports.Add(report);
        }

        return Task.CompletedTask;
    }

    public async Task<AgentAssignment> GetAssignmentAsync(Guid machineId, long? knownRevision, CancellationToken cancellationToken)
    {
        await WaitUntilAsync(() => Assignment.Revision != knownRevision, cancellationToken);
        return Assignment;
    }

    public Task<AsrJob> StartAsync(Guid machineId, OperationRequest request, string requestedBy, CancellationToken cancellationToken)
    {
        AsrJob job = new() { Id = request.RequestId, MachineId = machineId, Operation = request.Operation, RequestedBy = requestedBy, Revision = 1 };
        Change(() => _jobs.TryAdd(job.Id, job));
        return GetAsync(job.Id, null, cancellationToken);
    }

    public Task<AsrReplicatedMachine> SetConsistencyGroupAsync(Guid machineId, string? group, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ConsistencyOrder> StepAsync(Guid machineId, ConsistencyStep step, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task OnPointPublishedAsync(AsrRecoveryPoint point, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task OnPolicyChangedAsync(AsrReplicationPolicy policy, CancellationToken cancellationToken)
    {
        ChangedPolicies.Add(policy);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<AsrJob>> ListAsync(int countMax, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<AsrJob>>(_jobs.Values.Take(countMax).ToList());
        }
    }

    public Task<AsrJob> StartCheckAsync(VaultCheckRequest request, string requestedBy, CancellationToken cancellationToken) =>
        StartAsync(request.MachineId ?? Guid.Empty, new OperationRequest { RequestId = request.RequestId, Operation = MachineOperation.CheckVault }, requestedBy, cancellationToken);

    public Task<AsrJob> CancelAsync(Guid jobId, string requestedBy, CancellationToken cancellationToken) => GetAsync(jobId, null, cancellationToken);

    public async Task<AsrJob> GetAsync(Guid jobId, long? knownRevision, CancellationToken cancellationToken)
    {
        await WaitUntilAsync(() => _jobs.GetValueOrDefault(jobId)?.Revision != knownRevision, cancellationToken);
        lock (_lock)
        {
            return _jobs.GetValueOrDefault(jobId) ?? throw new AsrException(AsrErrorCode.NotFound, $"No job {jobId}.");
        }
    }

    private async Task WaitUntilAsync(Func<bool> changed, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task signal;
            lock (_lock)
            {
                if (changed())
                {
                    return;
                }

                signal = _changed.Task;
                WaitBegun.TrySetResult();
            }

            await signal.WaitAsync(cancellationToken);
        }
    }

    private void Change(Action change)
    {
        TaskCompletionSource signal;
        lock (_lock)
        {
            change();
            signal = _changed;
            _changed = NewSignal();
        }

        signal.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
