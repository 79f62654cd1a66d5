using System;
using System.Collections.Generic;
using System.Numerics;
using Asr.Contracts;

namespace Asr.Engine.Capture;

/// <summary>
/// Which blocks of 4 KiB of the pending regions are wanted, so that a small write costs a small read. A pending region without a mask is wanted as a whole. Bounded:
/// above <see cref="MasksMax"/> regions become wanted as a whole. Not thread-safe.
/// </summary>
internal sealed class BlockMasks
{
    /// <summary>Bytes one bit stands for.</summary>
    public const int BlockBytes = ReplicationLimits.DigestRegionBytes / 16;

    /// <summary>All blocks of a region.</summary>
    public const ushort Whole = ushort.MaxValue;

    private const int MasksMax = 1 << 19;

    private readonly Dictionary<long, ushort> _masks = [];

    /// <summary>The runs of blocks in a region's mask, in order, as far as they lie on the disk.</summary>
    public static IEnumerable<BlockRun> RunsOf(long region, ushort mask, long diskBytes)
    {
        while (mask != 0)
        {
            int low = BitOperations.TrailingZeroCount(mask);
            int count = BitOperations.TrailingZeroCount(~((uint)mask >> low));
            mask &= (ushort)~(((1 << count) - 1) << low);
            long offset = (region * ReplicationLimits.DigestRegionBytes) + ((long)low * BlockBytes);
            int length = (int)Math.Min(count * BlockBytes, diskBytes - offset);
            if (length > 0)
            {
                yield return new BlockRun(offset, length);
            }
        }
    }

    /// <summary>More blocks of a region are wanted.</summary>
    public void Add(long region, ushort mask, bool isNewlyPending)
    {
        if (!isNewlyPending)
        {
            if (_masks.TryGetValue(region, out ushort known))
            {
                _masks[region] = (ushort)(known | mask);
            }
        }
        else if (mask != Whole && _masks.Count < MasksMax)
        {
            _masks[region] = mask;
        }
    }

    /// <summary>The blocks to read now. From here on the region is wanted only for what is added.</summary>
    public ushort Take(long region)
    {
        ushort mask = _masks.GetValueOrDefault(region, Whole);
        _masks[region] = 0;
        return mask;
    }

    /// <summary>What is wanted, without taking it.</summary>
    public ushort Peek(long region) => _masks.GetValueOrDefault(region, Whole);

    /// <summary>What was taken has been read: true when nothing has been added since, so that the region need not be pending any more.</summary>
    public bool TryFinish(long region)
    {
        if (!_masks.TryGetValue(region, out ushort mask) || mask != 0)
        {
            return false;
        }

        _masks.Remove(region);
        return true;
    }

    /// <summary>What was taken has not been read.</summary>
    public void Restore(long region, ushort mask)
    {
        if (mask == Whole)
        {
            _masks.Remove(region);
        }
        else if (_masks.TryGetValue(region, out ushort known))
        {
            _masks[region] = (ushort)(known | mask);
        }
    }

    /// <summary>A region is wanted as a whole.</summary>
    public void MakeWhole(long region) => _masks.Remove(region);

    /// <summary>Every pending region is wanted as a whole.</summary>
    public void Clear()
    {
        // A dictionary keeps the memory it once needed.
        _masks.Clear();
        _masks.TrimExcess();
    }
}
