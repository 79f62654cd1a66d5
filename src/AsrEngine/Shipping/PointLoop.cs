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
    // How long a point of a machine in a consistency group waits for the group's round before the machine makes one by itself; with a higher frequency one period.
    private static readonly TimeSpan SharedPatience = TimeSpan.FromSeconds(5);

    private readonly AsyncSignal _changed = new();
    private readonly Lock _gate = new();
    private IReadOnlyList<DiskShipper> _disks = [];
    private int _frequencySeconds;
    private int _appFrequencyHours;
    private Guid? _wanted;
    private RecoveryPointType _wantedType;
    private Guid? _lastMade;
    private bool _isOwed;
    private RecoveryPointType _owedType;
    private bool _isGrouped;
    private bool _isSharedUnderWay;
    private DateTimeOffset _lastShared = DateTimeOffset.MinValue;

    /// <summary>Sets what to do from now on.</summary>
    public void Configure(IReadOnlyList<DiskShipper> disks, AgentAssignment assignment)
    {
        lock (_gate)
        {
            _disks = disks;
            _frequencySeconds = assignment.CrashConsistentFrequencySeconds;
            _appFrequencyHours = assignment.AppConsistentFrequencyHours;
            _isGrouped = assignment.ConsistencyGroup is not null;
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

    /// <summary>The group's round has begun: what comes due meanwhile is its matter.</summary>
    public void BeginShared()
    {
        lock (_gate)
        {
            _isSharedUnderWay = true;
        }
    }

    /// <summary>The round has ended; with a type it has made no point, so this machine makes one of that type at once.</summary>
    public void EndShared(RecoveryPointType? owed)
    {
        lock (_gate)
        {
            _isSharedUnderWay = false;
            if (owed is { } type)
            {
                (_isOwed, _owedType) = (true, type);
            }
            else
            {
                _lastShared = time.GetUtcNow();
            }
        }

        _changed.Set();
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            (IReadOnlyList<DiskShipper> disks, DateTimeOffset? due, RecoveryPointType dueType, Guid? wanted, RecoveryPointType wantedType, bool isOwed, RecoveryPointType owedType) = Read();
            if (disks.Count > 0 && wanted is { } id && id != _lastMade)
            {
                await MakeAsync(id, RecoveryPointReason.OnDemand, wantedType, disks, cancellationToken).ConfigureAwait(false);
                _lastMade = id;
                continue;
            }

            // Every disk's phase that ends looks here again, the last one's too.
            if (isOwed && due is not null && disks.Count > 0 && disks.All(static disk => disk is { IsInSync: true, ProgressPercent: null }))
            {
                await MakeAsync(Guid.NewGuid(), RecoveryPointReason.Policy, owedType, disks, cancellationToken).ConfigureAwait(false);
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

                if (time.GetUtcNow() >= due && !IsShared(due.Value))
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
            (_isOwed, _owedType) = (false, RecoveryPointType.CrashConsistent);
        }
    }

    // The group's round has made what is due, or is about to. Its time is told by two clocks: hence the patience once more.
    private bool IsShared(DateTimeOffset due)
    {
        lock (_gate)
        {
            return _isGrouped && (_isSharedUnderWay || _lastShared >= due - (2 * Patience));
        }
    }

    // Under the gate.
    private TimeSpan Patience => !_isGrouped ? TimeSpan.Zero
        : _frequencySeconds > 0 && _frequencySeconds < SharedPatience.TotalSeconds ? TimeSpan.FromSeconds(_frequencySeconds)
        : SharedPatience;

    private (IReadOnlyList<DiskShipper> Disks, DateTimeOffset? Due, RecoveryPointType DueType, Guid? Wanted, RecoveryPointType WantedType, bool IsOwed, RecoveryPointType OwedType) Read()
    {
        lock (_gate)
        {
            // In a group the machine looks later, whether the round has made the point.
            TimeSpan patience = Patience;
            (DateTimeOffset? due, RecoveryPointType type) = PointSchedule.Next(time.GetUtcNow() - patience, _frequencySeconds, _appFrequencyHours);
            return (_disks, due + patience, type, _wanted, _wantedType, _isOwed, _owedType);
        }
    }
}
