using System;
using System.Collections.Generic;
using System.Threading;
using Asr.Contracts;
using CsCheck;
using Xunit;

namespace Asr.Engine.Tests.Fuzzing;

/// <summary>A decoder, inputs it takes, and what it may cost.</summary>
/// <param name="Name">What is decoded.</param>
/// <param name="Seeds">Valid inputs.</param>
/// <param name="Decode">Decodes an input to its last byte, on the calling thread; may throw <see cref="AsrException"/> and nothing else.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, Action<byte[]> Decode)
{
    private const int MutationsMax = 6;

    /// <summary>Makes an edited input pass the checksum that guards what lies behind it; half of the inputs get it.</summary>
    public Func<byte[], byte[]>? Repair { get; init; }

    /// <summary>Bytes that one decoding may allocate, however it claims to be long.</summary>
    public long AllocationMax { get; init; } = 1 << 20;

    /// <summary>Decodes this many edited inputs, and first each seed as it is. Returns how many were taken for valid.</summary>
    public int Run(long iterations)
    {
        foreach (byte[] seed in Seeds)
        {
            Decode(seed);
        }

        int taken = 0;
        Gen.Select(Gen.Int[0, Seeds.Count - 1], Gen.Int[0, Seeds.Count - 1], Mutation.Any.Array[1, MutationsMax], Gen.Bool).Sample(
            (seed, other, mutations, isRepaired) =>
            {
                byte[] input = Seeds[seed];
                foreach (Mutation mutation in mutations)
                {
                    input = mutation.Apply(input, Seeds[other]);
                }

                if (isRepaired && Repair is not null)
                {
                    input = Repair(input);
                }

                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    Decode(input);
                    Interlocked.Increment(ref taken);
                }
                catch (AsrException error)
                {
                    Assert.NotEqual(AsrErrorCode.Internal, error.Code);
                }

                long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.True(allocated <= AllocationMax, $"{Name}: {input.Length} bytes made the decoder allocate {allocated}.");
            },
            iter: iterations,
            threads: 1);
        return taken;
    }
}
