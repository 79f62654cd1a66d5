using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <summary>
/// Notes instants between recovery points until cancelled: the same barrier and the same condition as for a point, without waiting for anything and without
/// publishing. An instant is told once the process server has every change up to it; one whose stream breaks off before is dropped. Bounded: when
/// nobody takes them, the oldest go. Thread-safe.
/// </summary>
internal sealed class InstantLoop(ShippingOptions options, TimeProvider time)
{
    /// <summary>A quarter of an hour of instants: an appliance that is away for longer leaves a hole that only recovery points cover.</summary>
    public const int KeptMax = 900;

    private readonly Lock _gate = new();
    private readonly Queue<CapturedInstant> _captured = new();
    private readonly Queue<MachineInstant> _located = new();
    private IReadOnlyList<DiskShipper> _disks = [];
    private CapturedInstant? _last;

    /// <summary>Sets the disks from now on.</summary>
    public void Configure(IReadOnlyList<DiskShipper> disks)
    {
        lock (_gate)
        {
            _disks = disks;
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(options.InstantInterval, time, cancellationToken).ConfigureAwait(false);
            Note();
        }
    }

    /// <summary>The oldest instants to tell, as many as one report takes.</summary>
    public IReadOnlyList<MachineInstant> Peek()
    {
        lock (_gate)
        {
            LocateReceived();
            List<MachineInstant> told = [];
            int positions = 0;
            foreach (MachineInstant instant in _located)
            {
                positions += instant.Disks.Count;
                if (told.Count == ReplicationLimits.InstantsPerReportMax || (told.Count > 0 && positions > ReplicationLimits.InstantPositionsPerReportMax))
                {
                    break;
                }

                told.Add(instant);
            }

            return told;
        }
    }

    /// <summary>Drops what <see cref="Peek"/> gave and a report has delivered.</summary>
    public void NoteReported(IReadOnlyList<MachineInstant> told)
    {
        lock (_gate)
        {
            foreach (MachineInstant instant in told)
            {
                // The oldest may have made room for newer ones meanwhile.
                if (_located.TryPeek(out MachineInstant? oldest) && ReferenceEquals(oldest, instant))
                {
                    _located.Dequeue();
                }
            }
        }
    }

    private void Note()
    {
        IReadOnlyList<DiskShipper> disks;
        lock (_gate)
        {
            disks = _disks;
        }

        // Of a tracked disk only its recovery points are instants: in between, what the kernel has noted is not told yet.
        if (disks.Count == 0 || disks.Any(disk => disk.Capture.IsTracked))
        {
            return;
        }

        (DateTimeOffset now, CaptureInstant[] places) = StreamBarrier.Take([.. disks.Select(disk => disk.Capture)], time);
        if (!places.All(place => place.IsComplete))
        {
            return;
        }

        lock (_gate)
        {
            if (_last is { } last && last.Places.SequenceEqual(places) && (now - last.Time).Duration() < options.InstantIdleInterval)
            {
                return;
            }

            _last = new CapturedInstant(now, disks, places);
            _captured.Enqueue(_last);
            LocateReceived();
            if (_captured.Count > KeptMax)
            {
                _captured.Dequeue();
            }
        }
    }

    private void LocateReceived()
    {
        while (_captured.TryPeek(out CapturedInstant? oldest) && IsDecided(oldest))
        {
            _captured.Dequeue();
            if (Locate(oldest) is { } positions)
            {
                _located.Enqueue(new MachineInstant { Time = oldest.Time, Source = options.Source, Disks = positions });
                if (_located.Count > KeptMax)
                {
                    _located.Dequeue();
                }
            }
        }
    }

    // Everything up to it has arrived, or never will.
    private static bool IsDecided(CapturedInstant instant)
    {
        bool isAllReceived = true;
        for (int i = 0; i < instant.Disks.Count; i++)
        {
            if (instant.Disks[i].HasReceived(instant.Places[i]) is not { } isReceived)
            {
                return true;
            }

            isAllReceived &= isReceived;
        }

        return isAllReceived;
    }

    private static DiskBase[]? Locate(CapturedInstant instant)
    {
        DiskBase[] located = new DiskBase[instant.Disks.Count];
        for (int i = 0; i < located.Length; i++)
        {
            if (instant.Disks[i].PositionOf(instant.Places[i]) is not { } position)
            {
                return null;
            }

            located[i] = new DiskBase { DiskId = instant.Disks[i].Capture.Id, Position = position };
        }

        return located;
    }

    private sealed record CapturedInstant(DateTimeOffset Time, IReadOnlyList<DiskShipper> Disks, CaptureInstant[] Places);
}
