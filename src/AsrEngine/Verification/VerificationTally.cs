using System;
using System.Collections.Generic;
using System.Threading;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Verification;

/// <summary>Counts what a verification finds out about one disk. Thread-safe.</summary>
internal sealed class VerificationTally(DiskCapture disk)
{
    private readonly Lock _gate = new();
    private readonly List<DiskRange> _differences = [];
    private readonly Queue<(long Region, long DifferentBytes)> _toSend = new();
    private long _equal;
    private long _equalLater;
    private long _different;
    private long _read;

    /// <summary>Bytes read of the disk.</summary>
    public long ReadBytes => Interlocked.Read(ref _read);

    public void NoteRead(long bytes) => Interlocked.Add(ref _read, bytes);

    /// <summary>A region equals the replica at the recovery point, or else at a later place.</summary>
    public void NoteEqual(long region, bool isAtPoint)
    {
        lock (_gate)
        {
            (isAtPoint ? ref _equal : ref _equalLater) += LengthOf(region);
        }
    }

    /// <summary>Some blocks of a region differ. The region is to be sent anew once that is known elsewhere too: then nothing shows it any more.</summary>
    public void NoteDifferent(long region, IReadOnlyList<DiskRange> blocks, bool isAtPoint)
    {
        lock (_gate)
        {
            long different = 0;
            foreach (DiskRange block in blocks)
            {
                different += block.Length;
                if (_differences.Count > 0 && _differences[^1] is var last && last.Offset + last.Length == block.Offset)
                {
                    _differences[^1] = last with { Length = last.Length + block.Length };
                }
                else if (_differences.Count < ReplicationLimits.VerificationRangesMax)
                {
                    _differences.Add(block);
                }
            }

            _different += different;
            (isAtPoint ? ref _equal : ref _equalLater) += LengthOf(region) - different;
            _toSend.Enqueue((region, _different));
        }
    }

    /// <summary>Takes the regions to send anew whose differences are among those told.</summary>
    public IReadOnlyList<long> TakeToSend(VerifiedDisk told)
    {
        List<long> regions = [];
        lock (_gate)
        {
            while (_toSend.TryPeek(out (long Region, long DifferentBytes) next) && next.DifferentBytes <= told.DifferentBytes)
            {
                regions.Add(_toSend.Dequeue().Region);
            }
        }

        return regions;
    }

    public VerifiedDisk Read()
    {
        lock (_gate)
        {
            return new VerifiedDisk
            {
                DiskId = disk.Id,
                Name = disk.Name,
                SizeBytes = disk.Length,
                EqualBytes = _equal,
                EqualLaterBytes = _equalLater,
                DifferentBytes = _different,
                UncomparedBytes = disk.Length - _equal - _equalLater - _different,
                Differences = [.. _differences],
            };
        }
    }

    private long LengthOf(long region) =>
        Math.Min(ReplicationLimits.DigestRegionBytes, disk.Length - (region * ReplicationLimits.DigestRegionBytes));
}
