using System;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Threading;

namespace Asr.Engine.Blocks;

/// <summary>
/// One bit per block of a disk, kept in memory as little-endian words so that its bytes can be written to a file as they are.
/// Not thread-safe for writers; a reader beside one writer sees each bit either before or after its change.
/// </summary>
public sealed class BlockBitmap
{
    private readonly ulong[] _words;

    /// <summary>Creates a bitmap with every bit clear.</summary>
    /// <param name="count">Number of blocks, at most 2^36 (a 256 TiB disk of 4 KiB blocks).</param>
    public BlockBitmap(long count)
    {
        if (count is < 0 or > 1L << 36)
        {
            throw new ArgumentOutOfRangeException(nameof(count), count, "A bitmap holds between 0 and 2^36 blocks.");
        }

        Count = count;
        _words = new ulong[(count + 63) / 64];
    }

    /// <summary>Number of blocks.</summary>
    public long Count { get; }

    /// <summary>The bits as bytes, block 0 in the lowest bit of byte 0; a multiple of 8 bytes long.</summary>
    public Span<byte> Bytes => MemoryMarshal.AsBytes(_words.AsSpan());

    /// <summary>The bit of a block.</summary>
    public bool this[long block] => (Volatile.Read(ref _words[block >> 6]) >> (int)(block & 63) & 1) != 0;

    /// <summary>Number of set bits.</summary>
    public long CountSet()
    {
        long total = 0;
        foreach (ulong word in _words)
        {
            total += BitOperations.PopCount(word);
        }

        return total;
    }

    /// <summary>Sets <paramref name="count"/> bits from <paramref name="first"/>.</summary>
    /// <returns>True when at least one of them was clear.</returns>
    public bool Set(long first, long count)
    {
        bool changed = false;
        long end = first + count;
        for (long block = first; block < end;)
        {
            int bit = (int)(block & 63);
            int run = (int)Math.Min(64 - bit, end - block);
            ulong mask = (run == 64 ? ulong.MaxValue : (1UL << run) - 1) << bit;
            ref ulong word = ref _words[block >> 6];
            changed |= (word & mask) != mask;
            Volatile.Write(ref word, word | mask);
            block += run;
        }

        return changed;
    }

    /// <summary>Number of blocks from <paramref name="first"/> on, at most <paramref name="limit"/>, whose bits are <paramref name="value"/>.</summary>
    public long RunLength(long first, long limit, bool value)
    {
        long end = first + limit;
        long block = first;
        while (block < end)
        {
            int bit = (int)(block & 63);
            ulong word = Volatile.Read(ref _words[block >> 6]);
            int run = BitOperations.TrailingZeroCount((value ? ~word : word) >> bit);
            // A shift brings zeros in from the left, so a run never counts beyond this word.
            run = Math.Min(run, 64 - bit);
            block += run;
            if (run < 64 - bit)
            {
                break;
            }
        }

        return Math.Min(block, end) - first;
    }
}
