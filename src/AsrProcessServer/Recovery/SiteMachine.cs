using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Engine.Shipping;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.MasterTarget;

namespace Asr.ProcessServer.Recovery;

/// <summary>What runs of one machine at the recovery site. Safe for concurrent callers: converging is done by one at a time.</summary>
public sealed class SiteMachine(Guid machineId, CopyOpener opener, ReverseReplicationFactory replication) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly List<DiskCapture> _captures = [];
    private OpenCopy? _testFailover;
    private OpenCopy? _failover;
    private MachineReplicator? _reverse;

    /// <summary>What the replication at the recovery site says, or null while there is none.</summary>
    public AgentReport? ReverseReport => _reverse?.GetReport();

    /// <summary>The instants that it has noted since the last call.</summary>
    public IReadOnlyList<MachineInstant> TakeInstants()
    {
        if (_reverse is not { } reverse)
        {
            return [];
        }
        AgentReport report = reverse.GetReport();
        reverse.NoteReported(report);
        return report.Instants;
    }

    /// <summary>Closes what should not be up and opens what should.</summary>
    /// <param name="look">
    /// Gives the document. Asked within the turn: a document read before it may be older than what the last caller has acted on, and would
    /// bring a copy up again that must not take writes any more.
    /// </param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task ConvergeAsync(Func<Task<MachineDocument>> look, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            MachineDocument document = await look();
            await CloseAsync(document);
            await OpenFailoverAsync(document, cancellationToken);
            if (document.TestFailover is { } drill)
            {
                _testFailover ??= await opener.OpenTestFailoverAsync(document.Name, drill, cancellationToken);
                await _testFailover.ServeAsync(cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await ConvergeAsync(() => Task.FromResult(new MachineDocument()), CancellationToken.None);
        _turn.Dispose();
    }

    /// <summary>
    /// After a failback has switched to the original site the copy's files are only waiting to be removed: they must not take writes any more.
    /// </summary>
    private static bool IsAbandoned(MachineDocument document) => document is { State: MachineState.FailingBack, ReverseAssignment: null };

    private async Task CloseAsync(MachineDocument document)
    {
        if (_testFailover is { } drill && !drill.IsOf(document.TestFailover))
        {
            _testFailover = null;
            await drill.DisposeAsync();
        }
        bool keepsFailover = _failover is not null && _failover.IsOf(document.Failover) && !IsAbandoned(document);
        if (_reverse is { } reverse && (document.ReverseAssignment is null || !keepsFailover))
        {
            _reverse = null;
            await reverse.DisposeAsync();
        }
        if (_failover is { } running && !keepsFailover)
        {
            _failover = null;
            _captures.Clear();
            await running.DisposeAsync();
        }
    }

    private async Task OpenFailoverAsync(MachineDocument document, CancellationToken cancellationToken)
    {
        if (document.Failover is not { } copy || IsAbandoned(document))
        {
            return;
        }
        if (_failover is null)
        {
            List<DiskCapture> captures = [];
            _failover = await opener.OpenFailoverAsync(document.Name, copy, captures);
            _captures.AddRange(captures);
        }
        if (document.ReverseAssignment is { } assignment)
        {
            // Before the disks are served: an assignment that refuses writes must refuse the very first one after a restart.
            _reverse ??= replication.Create(machineId, document.Name, [.. _captures]);
            await _reverse.ApplyAsync(assignment, cancellationToken);
        }
        await _failover.ServeAsync(cancellationToken);
    }
}
