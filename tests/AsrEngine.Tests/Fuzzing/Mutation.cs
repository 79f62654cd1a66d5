using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using CsCheck;

namespace Asr.Engine.Tests.Fuzzing;

/// <summary>One edit of an input that a decoder knows: small ones that stay close to what is valid, and numbers at their bounds.</summary>
internal readonly record struct Mutation(MutationKind Kind, uint At, uint Value)
{
    private static readonly long[] Bounds =
    [
        0, 1, -1, 2, 63, 64, 511, 512, 4096, 65_535, 65_536, 65_537, 1 << 20, (1 << 20) + 1, 16 << 20, 1 << 30,
        int.MaxValue, int.MinValue, uint.MaxValue, 1L << 40, long.MaxValue, long.MinValue,
    ];

    /// <summary>Any edit; shrinks to the least.</summary>
    public static Gen<Mutation> Any { get; } =
        Gen.Select(Gen.Int[0, (int)MutationKind.Last], Gen.UInt, Gen.UInt).Select(static (kind, at, value) => new Mutation((MutationKind)kind, at, value));

    /// <summary>The input after the edit; <paramref name="other"/> is another valid input, to splice with.</summary>
    public byte[] Apply(byte[] input, byte[] other)
    {
        if (input.Length == 0)
        {
            return Kind == MutationKind.Splice ? other : input;
        }

        int at = (int)(At % (uint)input.Length);
        int length = (int)(Value % (uint)Math.Min(input.Length - at + 1, 64));
        byte[] edited = (byte[])input.Clone();
        switch (Kind)
        {
            case MutationKind.FlipBit:
                edited[at] ^= (byte)(1 << (int)(Value % 8));
                return edited;
            case MutationKind.SetByte:
                edited[at] = (byte)Value;
                return edited;
            case MutationKind.NumberAtBound:
                WriteBound(edited.AsSpan(at & ~3));
                return edited;
            case MutationKind.Cut:
                return edited[..at];
            case MutationKind.Remove:
                return [.. input[..at], .. input[(at + length)..]];
            case MutationKind.Repeat:
                return [.. input[..(at + length)], .. input[at..]];
            case MutationKind.Insert:
                return [.. input[..at], .. new byte[length], .. input[at..]];
            default:
                return [.. input[..at], .. other[Math.Min(at, other.Length)..]];
        }
    }

    private void WriteBound(Span<byte> place)
    {
        long bound = Bounds[(Value >> 2) % (uint)Bounds.Length];
        Span<byte> number = stackalloc byte[sizeof(long)];
        int width = (Value & 1) == 0 ? sizeof(int) : sizeof(long);
        if ((Value & 2) == 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, bound);
        }
        else if (width == sizeof(long))
        {
            BinaryPrimitives.WriteInt64BigEndian(number, bound);
        }
        else
        {
            BinaryPrimitives.WriteInt32BigEndian(number, unchecked((int)bound));
        }

        number[..Math.Min(width, place.Length)].CopyTo(place);
    }
}

/// <summary>Kinds of edits.</summary>
internal enum MutationKind
{
    FlipBit,
    SetByte,
    NumberAtBound,
    Cut,
    Remove,
    Repeat,
    Insert,
    Splice,
    Last = Splice,
}
