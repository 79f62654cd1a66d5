using System;
using System.Buffers.Binary;
using Asr.Contracts;
using Asr.Engine.Segments;

namespace Asr.Engine.Tests.Workloads;

/// <summary>
/// One change of a script's stream, small enough to be written down: its content follows from the seed. A seed of 0 makes zeros. Every sector of
/// a content differs from every other, so that a part served from the wrong place is noticed.
/// </summary>
internal readonly record struct ScriptChange(long Offset, int Length, int Seed)
{
    private const int SectorBytes = 512;

    public bool IsZero => Seed == 0;

    /// <summary>Does to a disk what the change does.</summary>
    public void ApplyTo(Span<byte> disk)
    {
        Span<byte> range = disk.Slice((int)Offset, Length);
        if (IsZero)
        {
            range.Clear();
        }
        else
        {
            Fill(range);
        }
    }

    /// <summary>The changes as a batch on its way to the vault.</summary>
    public static VerifiedBatch ToBatch(Guid diskId, int epoch, long firstSequence, ReadOnlySpan<ScriptChange> changes)
    {
        using ChangeBatchWriter writer = new();
        writer.Begin(diskId, epoch, firstSequence);
        foreach (ScriptChange change in changes)
        {
            if (change.IsZero)
            {
                writer.TryAddZero(change.Offset, change.Length);
                continue;
            }

            byte[] content = new byte[change.Length];
            change.Fill(content);
            writer.TryAddData(change.Offset, content);
        }

        return VerifiedBatch.Verify(writer.Complete().ToArray(), ReplicationLimits.DiskBytesMax);
    }

    // Odd seeds do not compress, even ones do.
    private void Fill(Span<byte> content)
    {
        ulong state = (ulong)Seed;
        for (int at = 0; at < content.Length; at += sizeof(long))
        {
            ulong word = Seed % 2 != 0 ? NextRandom(ref state) : ((ulong)Seed << 32) | (uint)(1 + (at / SectorBytes));
            BinaryPrimitives.WriteUInt64LittleEndian(content[at..], word);
        }
    }

    /// <summary>SplitMix64: an oracle makes the same contents thousands of times.</summary>
    private static ulong NextRandom(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        ulong word = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
        return word ^ (word >> 31);
    }
}
