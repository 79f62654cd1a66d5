using System;
using System.Collections.Generic;
using System.Threading;
using Asr.Contracts;
using Asr.Engine.Segments;

namespace Asr.Engine.Ingest;

/// <summary>Counts what one disk's session takes in between recovery points. Thread-safe.</summary>
internal sealed class IntervalMeter
{
    private readonly Lock _gate = new();
    private DiskFigures _now;

    /// <summary>A batch has been taken in.</summary>
    public void Add(VerifiedBatch batch)
    {
        long changed = 0;
        long content = 0;
        long stored = 0;
        foreach (ref readonly Change change in batch.Batch.Changes)
        {
            changed += change.Length;
            content += change.Kind == ChangeKind.Data ? change.Length : 0;
            stored += change.StoredLength;
        }

        ContentSampler sample = batch.Sample;
        long opaque = sample.Count == 0 ? 0 : content * sample.OpaqueCount / sample.Count;
        lock (_gate)
        {
            _now = _now with
            {
                ChangedBytes = _now.ChangedBytes + changed,
                ContentBytes = _now.ContentBytes + content,
                StoredBytes = _now.StoredBytes + stored,
                OpaqueBytes = _now.OpaqueBytes + opaque,
                Samples = _now.Samples + sample.Count,
                BitsSum = _now.BitsSum + sample.BitsSum,
            };
        }
    }

    /// <summary>What has come since the last point.</summary>
    public DiskFigures Read()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    /// <summary>A point has been published with what <see cref="Read"/> gave; what came meanwhile belongs to the next one.</summary>
    public void Settle(DiskFigures told, DateTimeOffset pointTime)
    {
        lock (_gate)
        {
            _now = new DiskFigures
            {
                Since = pointTime,
                ChangedBytes = _now.ChangedBytes - told.ChangedBytes,
                ContentBytes = _now.ContentBytes - told.ContentBytes,
                StoredBytes = _now.StoredBytes - told.StoredBytes,
                OpaqueBytes = _now.OpaqueBytes - told.OpaqueBytes,
                Samples = _now.Samples - told.Samples,
                BitsSum = _now.BitsSum - told.BitsSum,
            };
        }
    }

    /// <summary>
    /// The figures of a machine; null when one of its disks has had no point in its present session: then it is not known where the interval began, and what came may
    /// be a first copy or a comparison.
    /// </summary>
    public static IntervalFigures? Sum(IReadOnlyList<DiskFigures> disks)
    {
        DateTimeOffset since = DateTimeOffset.MaxValue;
        DiskFigures sum = default;
        foreach (DiskFigures disk in disks)
        {
            if (disk.Since is not { } begin)
            {
                return null;
            }

            since = begin < since ? begin : since;
            sum = new DiskFigures
            {
                ChangedBytes = sum.ChangedBytes + disk.ChangedBytes,
                ContentBytes = sum.ContentBytes + disk.ContentBytes,
                StoredBytes = sum.StoredBytes + disk.StoredBytes,
                OpaqueBytes = sum.OpaqueBytes + disk.OpaqueBytes,
                Samples = sum.Samples + disk.Samples,
                BitsSum = sum.BitsSum + disk.BitsSum,
            };
        }

        return new IntervalFigures
        {
            Since = since,
            ChangedBytes = sum.ChangedBytes,
            ContentBytes = sum.ContentBytes,
            StoredBytes = sum.StoredBytes,
            OpaqueBytes = sum.OpaqueBytes,
            EntropyBits = sum.Samples == 0 ? null : Math.Round(sum.BitsSum / sum.Samples, 2),
        };
    }
}

/// <summary>Sums of one disk. <see cref="Since"/> is null before the first point of a session.</summary>
internal readonly record struct DiskFigures(DateTimeOffset? Since, long ChangedBytes, long ContentBytes, long StoredBytes, long OpaqueBytes, long Samples, double BitsSum);
