using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Asr.Engine.Segments;

/// <summary>
/// Encodes one LZ4 block, for speed first: half of a first copy's processor time in the agent goes into this loop, and the general library, which passes its choices
/// through it as arguments, takes a tenth more. Any LZ4 decoder reads the result. Stateless and thread-safe.
/// </summary>
internal static unsafe class Lz4Encoder
{
    private const int HashBits = 12;
    private const int MatchBytesMin = 4;
    private const int DistanceMax = 65_535;

    // The format's own: the last match begins 12 bytes before the end at least, and the last 5 bytes are literals.
    private const int MatchMargin = 12;
    private const int LastLiterals = 5;

    // Where nothing matches, the steps grow: by one after so many misses.
    private const int MissesPerStep = 64;

    /// <summary>Encodes <paramref name="content"/>; 0 when the result would be longer than <paramref name="output"/>.</summary>
    [SkipLocalsInit]
    public static int Encode(ReadOnlySpan<byte> content, Span<byte> output)
    {
        if (content.IsEmpty || output.IsEmpty)
        {
            return 0;
        }

        uint* table = stackalloc uint[1 << HashBits];
        new Span<uint>(table, 1 << HashBits).Clear();
        fixed (byte* source = content)
        fixed (byte* target = output)
        {
            return Encode(source, content.Length, target, output.Length, table);
        }
    }

    private static int Encode(byte* source, int length, byte* target, int targetLength, uint* table)
    {
        byte* end = source + length;
        byte* lastStart = end - MatchMargin;
        byte* matchEnd = end - LastLiterals;
        byte* anchor = source;
        byte* to = target;
        byte* targetEnd = target + targetLength;
        if (length > MatchMargin)
        {
            byte* at = source + 1;
            while (TryFindMatch(source, lastStart, anchor, table, ref at, out byte* match))
            {
                // Token, literals with their length, distance, and a match length of one byte; a longer one is checked below.
                int literals = (int)(at - anchor);
                if (targetEnd - to < literals + (literals / 255) + 1 + 1 + 2 + 1)
                {
                    return 0;
                }

                byte* token = to++;
                to = WriteLiterals(token, to, targetEnd, anchor, literals, end);
                while (true)
                {
                    Unsafe.WriteUnaligned(to, (ushort)(at - match));
                    to += 2;
                    int more = CountEqual(at + MatchBytesMin, match + MatchBytesMin, matchEnd);
                    at += MatchBytesMin + more;
                    if (more >= 15)
                    {
                        *token |= 15;
                        more -= 15;
                        if (targetEnd - to < (more / 255) + 1)
                        {
                            return 0;
                        }

                        for (; more >= 255; more -= 255)
                        {
                            *to++ = 255;
                        }

                        *to++ = (byte)more;
                    }
                    else
                    {
                        *token |= (byte)more;
                    }

                    anchor = at;
                    if (at > lastStart)
                    {
                        break;
                    }

                    // A match right behind a match needs no search and has no literals.
                    table[Hash(at - 2)] = (uint)(at - 2 - source);
                    uint hash = Hash(at);
                    match = source + table[hash];
                    table[hash] = (uint)(at - source);
                    if (at - match > DistanceMax || match >= at || Read32(match) != Read32(at))
                    {
                        at++;
                        break;
                    }

                    if (targetEnd - to < 1 + 2 + 1)
                    {
                        return 0;
                    }

                    token = to++;
                    *token = 0;
                }
            }
        }

        int rest = (int)(end - anchor);
        if (targetEnd - to < rest + (rest / 255) + 1 + 1)
        {
            return 0;
        }

        byte* lastToken = to++;
        to = WriteLiterals(lastToken, to, targetEnd, anchor, rest, end);
        return (int)(to - target);
    }

    /// <summary>Finds the next match at or after <paramref name="at"/> and widens it backwards over literals not yet written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryFindMatch(byte* source, byte* lastStart, byte* anchor, uint* table, ref byte* at, out byte* match)
    {
        byte* place = at;
        match = null;
        for (int misses = MissesPerStep; ; misses++)
        {
            if (place > lastStart)
            {
                return false;
            }

            uint hash = Hash(place);
            byte* candidate = source + table[hash];
            table[hash] = (uint)(place - source);
            if (Read32(candidate) == Read32(place) && place - candidate <= DistanceMax && candidate < place)
            {
                while (place > anchor && candidate > source && place[-1] == candidate[-1])
                {
                    place--;
                    candidate--;
                }

                at = place;
                match = candidate;
                return true;
            }

            place += misses / MissesPerStep;
        }
    }

    /// <summary>Writes the token's upper half, the rest of the length, and the literals; room for them has been checked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* WriteLiterals(byte* token, byte* to, byte* targetEnd, byte* from, int count, byte* sourceEnd)
    {
        int more = count - 15;
        if (more < 0)
        {
            *token = (byte)(count << 4);
            if (targetEnd - to >= 16 && sourceEnd - from >= 16)
            {
                // Most runs are short: 16 bytes at once, of which the next part overwrites what is too much.
                Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<UInt128>(from));
                return to + count;
            }
        }
        else
        {
            *token = 15 << 4;
            for (; more >= 255; more -= 255)
            {
                *to++ = 255;
            }

            *to++ = (byte)more;
        }

        Unsafe.CopyBlockUnaligned(to, from, (uint)count);
        return to + count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CountEqual(byte* a, byte* b, byte* end)
    {
        byte* start = a;
        while (end - a >= 8)
        {
            ulong difference = Unsafe.ReadUnaligned<ulong>(a) ^ Unsafe.ReadUnaligned<ulong>(b);
            if (difference != 0)
            {
                return (int)(a - start) + (BitOperations.TrailingZeroCount(difference) >> 3);
            }

            a += 8;
            b += 8;
        }

        while (a < end && *a == *b)
        {
            a++;
            b++;
        }

        return (int)(a - start);
    }

    /// <summary>Hash of five bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Hash(byte* at) => (uint)(((Unsafe.ReadUnaligned<ulong>(at) << 24) * 889_523_592_379UL) >> (64 - HashBits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Read32(byte* at) => Unsafe.ReadUnaligned<uint>(at);
}
