using System;
using System.Numerics;

namespace Asr.Engine.Capture;

/// <summary>
/// One bit per region under levels of summary bits (each says whether a word below has any bit), so that finding the next set bit over an empty terabyte
/// takes a handful of steps. Not thread-safe for writers; <see cref="this"/> may be read beside one.
/// </summary>
internal sealed class RegionBitmap
{
    private readonly ulong[][] _levels;

    public RegionBitmap(long count)
    {
        Count = count;
        int depth = 1;
        for (long words = (count + 63) / 64; words > 1; words = (words + 63) / 64)
        {
            depth++;
        }

        _levels = new ulong[depth][];
        long bits = count;
        for (int level = 0; level < depth; level++)
        {
            bits = Math.Max(1, (bits + 63) / 64);
            _levels[level] = new ulong[bits];
        }
    }

    /// <summary>Number of regions.</summary>
    public long Count { get; }

    /// <summary>Number of set bits.</summary>
    public long SetCount { get; private set; }

    public bool IsEmpty => SetCount == 0;

    public bool this[long index] => (_levels[0][index >> 6] >> (int)(index & 63) & 1) != 0;

    /// <summary>True when the bit was clear.</summary>
    public bool Set(long index)
    {
        if (this[index])
        {
            return false;
        }

        SetCount++;
        for (int level = 0; level < _levels.Length; level++, index >>= 6)
        {
            ref ulong word = ref _levels[level][index >> 6];
            bool wasEmpty = word == 0;
            word |= 1UL << (int)(index & 63);
            if (!wasEmpty)
            {
                break;
            }
        }

        return true;
    }

    /// <summary>True when the bit was set.</summary>
    public bool Clear(long index)
    {
        if (!this[index])
        {
            return false;
        }

        SetCount--;
        for (int level = 0; level < _levels.Length; level++, index >>= 6)
        {
            ref ulong word = ref _levels[level][index >> 6];
            word &= ~(1UL << (int)(index & 63));
            if (word != 0)
            {
                break;
            }
        }

        return true;
    }

    public void SetAll()
    {
        long bits = Count;
        foreach (ulong[] level in _levels)
        {
            level.AsSpan(0, (int)(bits / 64)).Fill(ulong.MaxValue);
            if ((bits & 63) != 0)
            {
                level[bits / 64] = (1UL << (int)(bits & 63)) - 1;
            }

            bits = (bits + 63) / 64;
        }

        SetCount = Count;
    }

    public void ClearAll()
    {
        if (IsEmpty)
        {
            return;
        }

        foreach (ulong[] level in _levels)
        {
            Array.Clear(level);
        }

        SetCount = 0;
    }

    /// <summary>First set bit at or after <paramref name="from"/>, or -1.</summary>
    public long NextSet(long from)
    {
        long index = from;
        int level = 0;

        // Climb until a word has a bit at or after the place, then come down along the lowest bits.
        while (true)
        {
            if (level == _levels.Length || index >> 6 >= _levels[level].Length)
            {
                return -1;
            }

            ulong rest = _levels[level][index >> 6] & (ulong.MaxValue << (int)(index & 63));
            if (rest != 0)
            {
                index = (index & ~63L) + BitOperations.TrailingZeroCount(rest);
                break;
            }

            index = (index >> 6) + 1;
            level++;
        }

        while (level-- > 0)
        {
            index = (index << 6) + BitOperations.TrailingZeroCount(_levels[level][index]);
        }

        return index;
    }
}
