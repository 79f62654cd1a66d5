using System;
using Asr.Contracts;

namespace Asr.Engine.Verification;

/// <summary>Adjacent regions of a disk, as the source has them and as the replica does. Not thread-safe.</summary>
internal sealed class WatchedRun(long first, int count, int hashedBytes, long diskBytes)
{
    private const int HashBytes = ReplicationLimits.DigestBytes;

    /// <summary>The first region.</summary>
    public long First { get; } = first;

    /// <summary>How many.</summary>
    public int Count { get; } = count;

    public long Offset { get; } = first * ReplicationLimits.DigestRegionBytes;

    public int Length { get; } = (int)Math.Min((long)count * ReplicationLimits.DigestRegionBytes, diskBytes - (first * ReplicationLimits.DigestRegionBytes));

    /// <summary>Bytes that each hash stands for.</summary>
    public int HashedBytes { get; } = hashedBytes;

    /// <summary>Hashes for all of it.</summary>
    public int HashCount => (Length + HashedBytes - 1) / HashedBytes;

    /// <summary>Hashes of what was read of the source.</summary>
    public byte[] Ours { get; set; } = [];

    /// <summary>For each region: whether it was untouched while it was read, and since what it is compared with.</summary>
    public bool[] IsStill { get; } = new bool[count];

    /// <summary>For each region: whether the stream had its content at the place that was noted.</summary>
    public bool[] IsInStream { get; } = new bool[count];

    /// <summary>Whether the hashes of a region are the replica's too.</summary>
    public bool IsEqual(int region, ReadOnlySpan<byte> theirs)
    {
        (int from, int hashes) = HashesOf(region);
        return theirs.Slice(from * HashBytes, hashes * HashBytes).SequenceEqual(Ours.AsSpan(from * HashBytes, hashes * HashBytes));
    }

    /// <summary>The ranges of a region whose hashes differ.</summary>
    public DiskRange[] Differences(int region, ReadOnlySpan<byte> theirs)
    {
        (int from, int hashes) = HashesOf(region);
        DiskRange[] found = new DiskRange[hashes];
        int count = 0;
        for (int i = from; i < from + hashes; i++)
        {
            if (!theirs.Slice(i * HashBytes, HashBytes).SequenceEqual(Ours.AsSpan(i * HashBytes, HashBytes)))
            {
                long offset = (long)i * HashedBytes;
                found[count++] = new DiskRange(Offset + offset, Math.Min(HashedBytes, Length - offset));
            }
        }

        return found[..count];
    }

    private (int From, int Hashes) HashesOf(int region)
    {
        int perRegion = ReplicationLimits.DigestRegionBytes / HashedBytes;
        int from = region * perRegion;
        return (from, Math.Min(perRegion, HashCount - from));
    }
}
