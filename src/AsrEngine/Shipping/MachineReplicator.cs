using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Engine.Verification;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Asr.Engine.Shipping;

/// <summary>
/// Moves one machine's disks to the state an assignment asks for and keeps them there: ships, pauses, refuses writes, makes points, brings disks back.
/// One task does it; a newer assignment interrupts the way to an older one. Every step may be repeated. Thread-safe.
/// Owns what it starts, not the disks.
/// </summary>
public sealed partial class MachineReplicator : IAsyncDisposable
{
    private readonly Guid _machineId;
    private readonly IReplicationSink _sink;
    private readonly IReplicaSource _replica;
    private readonly ShippingOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IQuiescence? _quiescence;
    private readonly InstantTaker _taker;
    private readonly PointMaker _points;
    private readonly PointLoop _pointLoop;
    private readonly SharedPointLoop? _sharedLoop;
    private readonly InstantLoop _instantLoop;
    private readonly MachineVerifier _verifier;
    private readonly MachineBandwidth _bandwidth;
    private readonly CancellationTokenSource _stop = new();
    private readonly AsyncSignal _assigned = new();
    private readonly Lock _gate = new();
    private readonly List<Withdrawal> _withdrawals = [];
    private readonly Task _driver;

    // Replaced as a whole, under the gate.
    private volatile DiskCapture[] _disks;
    private AgentAssignment? _desired;
    private CancellationTokenSource? _reaching;
    private bool _hasEnded;

    /// <summary>Takes charge of a machine; nothing happens before the first <see cref="ApplyAsync"/>.</summary>
    /// <param name="machineId">The machine.</param>
    /// <param name="disks">All disks it offers, which stay the caller's.</param>
    /// <param name="sink">Where changes go.</param>
    /// <param name="replica">Where the replica is read.</param>
    /// <param name="options">Names and intervals; null for the defaults.</param>
    /// <param name="time">Clock; null for the system's.</param>
    /// <param name="logger">Log; null for none.</param>
    /// <param name="quiescence">Brings the file systems of tracked disks to rest; null where there are none. Stays the caller's.</param>
    /// <param name="applications">What brings its applications to rest; null where nothing does.</param>
    /// <param name="coordinator">Who leads the rounds of its consistency group; null where it can be in none.</param>
    public MachineReplicator(
        Guid machineId,
        IReadOnlyList<DiskCapture> disks,
        IReplicationSink sink,
        IReplicaSource replica,
        ShippingOptions? options = null,
        TimeProvider? time = null,
        ILogger? logger = null,
        IQuiescence? quiescence = null,
        IApplicationQuiescence? applications = null,
        IGroupCoordinator? coordinator = null)
    {
        _machineId = machineId;
        _disks = [.. disks];
        _sink = sink;
        _replica = replica;
        _options = options ?? new ShippingOptions();
        _time = time ?? TimeProvider.System;
        _logger = logger ?? NullLogger.Instance;
        _quiescence = quiescence is null ? null : new SerialQuiescence(quiescence);
        _taker = new InstantTaker(_quiescence, _options, _time, _logger);
        _points = new PointMaker(machineId, sink, _taker, applications, _options, _time, _logger);
        _pointLoop = new PointLoop(_points, _time);
        _sharedLoop = coordinator is null ? null : new SharedPointLoop(_points, _pointLoop, coordinator, _options, _time, _logger);
        _instantLoop = new InstantLoop(_options, _time);
        _bandwidth = new MachineBandwidth(_time);
        _verifier = new MachineVerifier(_points, replica, _options, _news, _time, _logger);
        _driver = Task.Run(DriveAsync);
    }

    /// <summary>
    /// Accepts an assignment and starts moving there; <see cref="GetReport"/> tells when it is reached. One with a lower revision than the last is
    /// ignored. Modes in which writes are refused refuse them before this returns.
    /// </summary>
    public async Task ApplyAsync(AgentAssignment assignment, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_desired is { } last && assignment.Revision < last.Revision)
            {
                return;
            }

            _desired = assignment;
            _bandwidth.Follow(assignment);
            _reaching?.Cancel();
        }

        if (RefusesWrites(assignment.Mode))
        {
            await TakeOfflineAsync(cancellationToken).ConfigureAwait(false);
        }

        _assigned.Set();
    }

    /// <summary>
    /// Takes charge of one more disk, which stays the caller's. From its return on, the last assignment says whether writes to it are refused; without one they stay
    /// as they are. An assignment that waited for the disk goes on by itself.
    /// </summary>
    public async Task OfferAsync(DiskCapture disk, CancellationToken cancellationToken)
    {
        bool isRefusing;
        lock (_gate)
        {
            _disks = [.. _disks, disk];
            isRefusing = _desired is { } desired && RefusesWrites(desired.Mode);
            if (_desired is not null && !isRefusing)
            {
                disk.BringOnline();
            }
        }

        if (isRefusing)
        {
            await disk.TakeOfflineAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Gives a disk up that has gone or changed: when this returns nothing of the replicator uses it. Until it is offered again the machine makes no points that should have it.
    /// </summary>
    public Task WithdrawAsync(DiskCapture disk)
    {
        Withdrawal withdrawal = new(disk);
        lock (_gate)
        {
            _disks = [.. _disks.Where(other => other != disk)];
            if (_hasEnded)
            {
                return Task.CompletedTask;
            }

            _withdrawals.Add(withdrawal);
            _reaching?.Cancel();
        }

        _assigned.Set();
        return withdrawal.Done.Task;
    }

    /// <summary>Stops shipping. What is not in the vault stays marked in the activity logs.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _driver.ConfigureAwait(false);
        _taker.Dispose();
        _stop.Dispose();
    }

    private static bool RefusesWrites(AgentMode mode) => mode is AgentMode.Quiesce or AgentMode.Fence or AgentMode.Failback;

    private async Task DriveAsync()
    {
        RetryPause pause = new(_options, _time);
        AgentAssignment? done = null;
        try
        {
            while (true)
            {
                AgentAssignment? wanted;
                CancellationTokenSource reaching = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                lock (_gate)
                {
                    wanted = _desired;
                    _reaching = reaching;
                }

                try
                {
                    if (await GiveUpWithdrawnAsync().ConfigureAwait(false))
                    {
                        // The way to the assignment is gone anew: it may wait for this very disk.
                        done = null;
                    }

                    if (wanted is null || ReferenceEquals(wanted, done))
                    {
                        await _assigned.WaitAsync(Timeout.InfiniteTimeSpan, _time, _stop.Token).ConfigureAwait(false);
                        continue;
                    }

                    ShippingLog.AssignmentBegun(_logger, wanted.Revision, wanted.Mode);
                    await ReachAsync(wanted, reaching.Token).ConfigureAwait(false);
                    NoteReached(wanted);
                    done = wanted;
                    pause.Reset();
                }
                catch (OperationCanceledException) when (reaching.IsCancellationRequested && !_stop.IsCancellationRequested)
                {
                    // A newer assignment is there.
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    NoteFailed(wanted!, error);
                    await pause.WaitAsync(_stop.Token).ConfigureAwait(false);
                }
                finally
                {
                    lock (_gate)
                    {
                        _reaching = null;
                    }

                    reaching.Dispose();
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The orderly way out.
        }
        finally
        {
            await _verifier.StopAsync().ConfigureAwait(false);
            await StopPointsAsync().ConfigureAwait(false);
            await StopShippersAsync(_ => true).ConfigureAwait(false);
            lock (_gate)
            {
                _hasEnded = true;
            }

            await GiveUpWithdrawnAsync().ConfigureAwait(false);
        }
    }

    private async Task<bool> GiveUpWithdrawnAsync()
    {
        Withdrawal[] withdrawals;
        lock (_gate)
        {
            withdrawals = [.. _withdrawals];
            _withdrawals.Clear();
        }

        if (withdrawals.Length == 0)
        {
            return false;
        }

        await _verifier.StopAsync().ConfigureAwait(false);
        await StopPointsAsync().ConfigureAwait(false);
        await StopShippersAsync(shipper => Array.Exists(withdrawals, withdrawal => withdrawal.Disk == shipper.Capture)).ConfigureAwait(false);
        foreach (Withdrawal withdrawal in withdrawals)
        {
            withdrawal.Done.SetResult();
        }

        return true;
    }

    private async Task ReachAsync(AgentAssignment assignment, CancellationToken cancellationToken)
    {
        switch (assignment.Mode)
        {
            case AgentMode.Replicate:
                BringOnline();
                await StopShippersAsync(shipper => !assignment.DiskIds.Contains(shipper.Capture.Id)).ConfigureAwait(false);
                StartReplication(assignment);
                StartPoints(assignment);
                await _verifier.ConfigureAsync(Shippers(assignment), assignment).ConfigureAwait(false);
                await WaitForSessionsAsync(cancellationToken).ConfigureAwait(false);
                break;
            case AgentMode.Quiesce:
                await _verifier.StopAsync().ConfigureAwait(false);
                await StopPointsAsync().ConfigureAwait(false);
                await TakeOfflineAsync(cancellationToken).ConfigureAwait(false);
                StartReplication(assignment);
                await MakeFinalPointAsync(assignment, cancellationToken).ConfigureAwait(false);
                break;
            case AgentMode.Fence:
                await StopAllAsync().ConfigureAwait(false);
                await TakeOfflineAsync(cancellationToken).ConfigureAwait(false);
                break;
            case AgentMode.Failback:
                await StopAllAsync().ConfigureAwait(false);
                await TakeOfflineAsync(cancellationToken).ConfigureAwait(false);
                await BringBackAsync(assignment, cancellationToken).ConfigureAwait(false);
                break;
            default:
                await StopAllAsync().ConfigureAwait(false);
                BringOnline();
                break;
        }
    }

    private Task TakeOfflineAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_disks.Select(disk => disk.TakeOfflineAsync(cancellationToken)));

    private void BringOnline()
    {
        // A newer assignment may have taken them offline in this very moment; its word counts.
        lock (_gate)
        {
            if (_desired is { } desired && !RefusesWrites(desired.Mode))
            {
                foreach (DiskCapture disk in _disks)
                {
                    disk.BringOnline();
                }
            }
        }
    }

    /// <summary>A disk to give up, and who waits for it.</summary>
    private sealed record Withdrawal(DiskCapture Disk)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
