using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <content>What runs while the machine replicates.</content>
public sealed partial class MachineReplicator
{
    // Touched by the driver; the report reads it under the gate.
    private readonly List<RunningShipper> _shippers = [];
    private (CancellationTokenSource Stop, Task Task)? _pointsRunning;
    private Guid? _finalPointMade;

    private void StartReplication(AgentAssignment assignment)
    {
        foreach (DiskCapture disk in _disks.Where(disk => assignment.DiskIds.Contains(disk.Id)))
        {
            if (disk.HalfRestored is { } error)
            {
                throw error.ToException();
            }

            RunningShipper? running = _shippers.Find(candidate => candidate.Shipper.Capture == disk);
            if (running is null)
            {
                DiskShipper shipper = new(disk, _machineId, _sink, _replica, _quiescence, _options, _news, _time, _logger) { Bandwidth = _bandwidth, PhaseEnded = _pointLoop.Owe };
                Configure(shipper, assignment);
                running = new RunningShipper(shipper, _stop.Token);
                lock (_gate)
                {
                    _shippers.Add(running);
                }
            }
            else
            {
                Configure(running.Shipper, assignment);
            }
        }

        RequireAllOffered(assignment);
    }

    private void RequireAllOffered(AgentAssignment assignment)
    {
        foreach (Guid missing in assignment.DiskIds.Except(_disks.Select(disk => disk.Id)))
        {
            throw new AsrException(AsrErrorCode.NotFound, $"Disk {missing} is to be replicated, but this machine does not offer it.", "Serve the disk, or leave it out.");
        }
    }

    private static void Configure(DiskShipper shipper, AgentAssignment assignment)
    {
        shipper.Base = assignment.Bases?.FirstOrDefault(disk => disk.DiskId == shipper.Capture.Id)?.Position;
        shipper.Resynchronize(assignment.ResynchronizeGeneration);
    }

    private List<DiskShipper> Shippers(AgentAssignment assignment)
    {
        lock (_gate)
        {
            return [.. _shippers.Select(running => running.Shipper).Where(shipper => assignment.DiskIds.Contains(shipper.Capture.Id))];
        }
    }

    private async Task WaitForSessionsAsync(CancellationToken cancellationToken)
    {
        foreach (RunningShipper running in _shippers)
        {
            await running.Shipper.FirstSession.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void StartPoints(AgentAssignment assignment)
    {
        List<DiskShipper> shippers = Shippers(assignment);
        _pointLoop.Configure(shippers, assignment);
        _instantLoop.Configure(shippers);
        _sharedLoop?.Configure(shippers, assignment);
        if (_pointsRunning is null)
        {
            CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            _pointsRunning = (stop, Task.WhenAll(
                Task.Run(() => _pointLoop.RunAsync(stop.Token)),
                Task.Run(() => _instantLoop.RunAsync(stop.Token)),
                _sharedLoop is { } shared ? Task.Run(() => shared.RunAsync(stop.Token)) : Task.CompletedTask));
        }
    }

    private async Task MakeFinalPointAsync(AgentAssignment assignment, CancellationToken cancellationToken)
    {
        if (assignment.FinalPointId is { } id && id != _finalPointMade)
        {
            await _points.MakeAsync(id, RecoveryPointReason.Final, RecoveryPointType.CrashConsistent, Shippers(assignment), cancellationToken).ConfigureAwait(false);
            _finalPointMade = id;
        }
    }

    private async Task StopAllAsync()
    {
        await _verifier.StopAsync().ConfigureAwait(false);
        await StopPointsAsync().ConfigureAwait(false);
        await StopShippersAsync(_ => true).ConfigureAwait(false);
    }

    private async Task StopPointsAsync()
    {
        if (_pointsRunning is not { } running)
        {
            return;
        }

        await running.Stop.CancelAsync().ConfigureAwait(false);
        await running.Task.ContinueWith(static _ => { }, TaskScheduler.Default).ConfigureAwait(false);
        running.Stop.Dispose();
        _pointsRunning = null;
    }

    private async Task StopShippersAsync(Func<DiskShipper, bool> which)
    {
        foreach (RunningShipper running in _shippers.Where(running => which(running.Shipper)).ToArray())
        {
            await running.StopAsync().ConfigureAwait(false);
            lock (_gate)
            {
                _shippers.Remove(running);
            }
        }
    }

    /// <summary>A shipper and the task it runs as.</summary>
    private sealed class RunningShipper
    {
        private readonly CancellationTokenSource _stop;
        private readonly Task _task;

        public RunningShipper(DiskShipper shipper, CancellationToken stop)
        {
            Shipper = shipper;
            _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
            _task = Task.Run(() => shipper.RunAsync(_stop.Token), CancellationToken.None);
        }

        public DiskShipper Shipper { get; }

        public async Task StopAsync()
        {
            await _stop.CancelAsync().ConfigureAwait(false);
            await _task.ConfigureAwait(false);
            _stop.Dispose();
        }
    }
}
