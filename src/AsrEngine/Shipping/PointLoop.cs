using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <summary>Makes points by the policy's schedule and on demand, until cancelled. A point that comes due while one is being made is left out.</summary>
internal sealed class PointLoop(PointMaker maker, TimeProvider time)
{
    private readonly AsyncSignal _changed = new();
    private readonly Lock _gate = new();
    private IReadOnlyList<DiskShipper> _disks = [];
    private int _frequencySeconds;
    private Guid? _wanted;
    private Guid? _lastMade;

    /// <summary>Sets what to do from now on.</summary>
    public void Configure(IReadOnlyList<DiskShipper> disks, int frequencySeconds, Guid? onDemandPointId)
    {
        lock (_gate)
        {
            _disks = disks;
            _frequencySeconds = frequencySeconds;
            _wanted = onDemandPointId;
        }

        _changed.Set();
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            (IReadOnlyList<DiskShipper> disks, DateTimeOffset? due, Guid? wanted) = Read();
            if (disks.Count > 0 && wanted is { } id && id != _lastMade)
            {
                await maker.MakeAsync(id, RecoveryPointReason.OnDemand, disks, cancellationToken).ConfigureAwait(false);
                _lastMade = id;
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
                    await maker.MakeAsync(Guid.NewGuid(), RecoveryPointReason.Policy, disks, cancellationToken).ConfigureAwait(false);
                }

                continue;
            }

            // Not the whole wait at once: the clock may be set in the meantime.
            await _changed.WaitAsync(due is null ? Timeout.InfiniteTimeSpan : TimeSpan.FromMinutes(1), time, cancellationToken).ConfigureAwait(false);
        }
    }

    private (IReadOnlyList<DiskShipper> Disks, DateTimeOffset? Due, Guid? Wanted) Read()
    {
        lock (_gate)
        {
            return (_disks, PointSchedule.Next(time.GetUtcNow(), _frequencySeconds), _wanted);
        }
    }
}
