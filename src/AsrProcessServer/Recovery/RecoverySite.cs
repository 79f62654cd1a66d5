using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Jobs;
using Asr.ProcessServer.Machines;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Asr.ProcessServer.Recovery;

/// <summary>
/// What runs at the recovery site in this process: exports of drills and of failed-over machines, and replication on the way back. The machines'
/// documents say what there should be; converging brings it about, whether after a step of a job or after a restart. Safe for concurrent callers.
/// </summary>
public sealed class RecoverySite(MachineDirectory directory, IGrainFactory grains, SiteMachineFactory factory, ILogger<RecoverySite> logger) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Guid, SiteMachine> _machines = new();
    private readonly ConcurrentDictionary<Guid, AsrError> _troubles = new();

    /// <summary>Brings one machine's copies to what its document says. Throws when that fails; what could be done stays done.</summary>
    public async Task ConvergeAsync(Guid machineId, CancellationToken cancellationToken)
    {
        IMachineGrain grain = grains.GetGrain<IMachineGrain>(machineId);
        try
        {
            await _machines.GetOrAdd(machineId, factory.Create).ConvergeAsync(async () => (await grain.LookAsync()).Document, cancellationToken);
            _troubles.TryRemove(machineId, out _);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            _troubles[machineId] = AsrError.From(error);
            throw;
        }
    }

    /// <summary>Why a machine's copies are not up as they should be, or null while they are.</summary>
    public AsrError? FindTrouble(Guid machineId) => _troubles.TryGetValue(machineId, out AsrError? trouble) ? trouble : null;

    /// <summary>What the replication of a machine at the recovery site says, or null while there is none.</summary>
    public AgentReport? FindReverseReport(Guid machineId) => _machines.TryGetValue(machineId, out SiteMachine? machine) ? machine.ReverseReport : null;

    /// <summary>The instants that the replication of a machine at the recovery site has noted since the last call.</summary>
    public IReadOnlyList<MachineInstant> TakeInstants(Guid machineId) => _machines.TryGetValue(machineId, out SiteMachine? machine) ? machine.TakeInstants() : [];

    /// <summary>Brings every machine's copies back after a start. One that fails is logged and tried again by the monitor.</summary>
    public async Task ConvergeAllAsync(CancellationToken cancellationToken)
    {
        foreach (MachineDocument document in await directory.ListAsync(cancellationToken))
        {
            try
            {
                await ConvergeAsync(document.Id, cancellationToken);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                JobsLog.ConvergeFailed(logger, document.Name, error);
            }
        }
    }

    /// <summary>Takes everything down in order; the documents stay as they are.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (SiteMachine machine in _machines.Values)
        {
            await machine.DisposeAsync();
        }
        _machines.Clear();
    }
}
