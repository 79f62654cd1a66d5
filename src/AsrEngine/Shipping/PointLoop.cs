using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <summary>
/// Makes points by the policy's schedule and on demand, until cancelled. A point that comes due while one is being made is left out. Under a policy, a machine
/// whose copy or comparison has ended does not wait for the schedule: until its next point it can be recovered to an older state only, or not at all.
/// </summary>
internal sealed class PointLoop(PointMaker maker, TimeProvider time)
{
    private readonly AsyncSignal _changed = new();
    private readonly Lock _gate = new();
    private IReadOnlyList<DiskShipper> _disks = [];
    private int _frequencySeconds;
    private int _appFrequencyHours;
    private Guid? _wanted;
    private RecoveryPointType _wantedType;
    private Guid? _lastMade;
    private bool _isOwed;

    /// <summary>Sets what to do from now on.</summary>
    public void Configure(IReadOnlyList<DiskShipper> disks, AgentAssignment assignment)
    {
        lock (_gate)
        {
            _disks = disks;
            _frequencySeconds = assignment.CrashConsistentFrequencySeconds;
            _appFrequencyHours = assignment.AppConsistentFrequencyHours;
            _wanted = assignment.OnDemandPointId;
            _wantedType = assignment.OnDemandIsAppConsistent ? RecoveryPointType.AppConsistent : RecoveryPointType.CrashConsistent;
        }

        _changed.Set();
    }

    /// <summary>The next point is due as soon as all disks are in sync.</summary>
    public void Owe()
    {
        lock (_gate)
        {
            _isOwed = true;
        }

        _changed.Set();
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            (IReadOnlyList<DiskShipper> disks, DateTimeOffset? due, RecoveryPointType dueType, Guid? wanted, RecoveryPointType wantedType, bool isOwed) = Read();
            if (disks.Count > 0 && wanted is { } id && id != _lastMade)
            {
                await MakeAsync(id, RecoveryPointReason.OnDemand, wantedType, disks, cancellationToken).ConfigureAwait(false);
                _lastMade = id;
                continue;
            }

            // Every disk's phase that ends looks here again, the last one's too.
            if (isOwed && due is not null && disks.Count > 0 && disks.All(static disk => disk is { IsInSync: true, ProgressPercent: null }))
            {
                await MakeAsync(Guid.NewGuid(), RecoveryPointReason.Policy, RecoveryPointType.CrashConsistent, disks, cancellationToken).ConfigureAwait(false);
                continue;
            }

            TimeSpan left = due - time.GetUtcNow() ?? Timeout.InfiniteTimeSpan;
            if (disks.Count > 0 && due is not null && left <= TimeSpan.FromMinutes(1))
            {
                // A signal in the last minute ends the wait early; then everything is looked at again.
                if (left > TimeSpan.Zero)
                {
                    await _changed.WaitAsync(left, time, cancellationToken).ConfigureAwait(false);
                }

                if (time.GetUtcNow() >= due)
                {
                    await MakeAsync(Guid.NewGuid(), RecoveryPointReason.Policy, dueType, disks, cancellationToken).ConfigureAwait(false);
                }

                continue;
            }

            // Not the whole wait at once: the clock may be set in the meantime.
            await _changed.WaitAsync(due is null ? Timeout.InfiniteTimeSpan : TimeSpan.FromMinutes(1), time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task MakeAsync(Guid id, RecoveryPointReason reason, RecoveryPointType type, IReadOnlyList<DiskShipper> disks, CancellationToken cancellationToken)
    {
        await maker.MakeAsync(id, reason, type, disks, cancellationToken).ConfigureAwait(false);

        // Whatever ended while it was made is in it: it needed all disks in sync.
        lock (_gate)
        {
            _isOwed = false;
        }
    }

    private (IReadOnlyList<DiskShipper> Disks, DateTimeOffset? Due, RecoveryPointType DueType, Guid? Wanted, RecoveryPointType WantedType, bool IsOwed) Read()
    {
        lock (_gate)
        {
            (DateTimeOffset? due, RecoveryPointType type) = PointSchedule.Next(time.GetUtcNow(), _frequencySeconds, _appFrequencyHours);
            return (_disks, due, type, _wanted, _wantedType, _isOwed);
        }
    }
}
