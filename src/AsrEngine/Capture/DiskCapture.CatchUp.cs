using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;

namespace Asr.Engine.Capture;

/// <content>Catch-up: reading pending regions into the stream between the workload's writes.</content>
public sealed partial class DiskCapture
{
    /// <summary>Regions one call of <see cref="CatchUpAsync"/> takes at most: 1 MiB, read at once.</summary>
    internal const int CatchUpRegionsMax = ReplicationLimits.ChangeBytesMax / ReplicationLimits.DigestRegionBytes;

    /// <summary>
    /// Regions in one change at most: whoever reads 4 KiB of a recovery point expands the whole content they are in, and the index grows with the number of contents.
    /// </summary>
    private const int ContentRegionsMax = (256 << 10) / ReplicationLimits.DigestRegionBytes;

    private static readonly byte[] ZeroRegionDigest = SHA256.HashData(new byte[ReplicationLimits.DigestRegionBytes])[..ReplicationLimits.DigestBytes];

    /// <summary>
    /// Takes up to <see cref="CatchUpRegionsMax"/> pending regions into the stream. What equals the replica is not sent: by digest when
    /// <paramref name="digests"/> are given, else, with <paramref name="replicaIsEmpty"/>, when it is zeros.
    /// </summary>
    /// <returns>False when there was no room in the queue.</returns>
    internal Task<bool> CatchUpAsync(PendingRun run, ReadOnlyMemory<byte> digests, bool replicaIsEmpty, CancellationToken cancellationToken) => Tracker is null
        ? TakeRegionsAsync(run, digests, replicaIsEmpty, cancellationToken)
        : TakeTrackedAsync(run, digests, replicaIsEmpty, cancellationToken);

    private async Task<bool> TakeRegionsAsync(PendingRun run, ReadOnlyMemory<byte> digests, bool replicaIsEmpty, CancellationToken cancellationToken)
    {
        long offset = run.First * ReplicationLimits.DigestRegionBytes;
        int length = (int)Math.Min((long)run.Count * ReplicationLimits.DigestRegionBytes, Length - offset);
        using RangeLock.Holder range = await _ranges.AcquireAsync(offset, length, exclusive: true, cancellationToken).ConfigureAwait(false);
        bool[] isZero = await FindZeroRegionsAsync(offset, length, run.Count, cancellationToken).ConfigureAwait(false);
        CaptureBuffer buffer = default;
        if (Array.IndexOf(isZero, false) >= 0 && !_arena.TryReserve(length, out buffer))
        {
            return false;
        }

        try
        {
            await ReadRegionsAsync(offset, length, isZero, buffer, cancellationToken).ConfigureAwait(false);
            bool[] isEqual = new bool[run.Count];
            if (run.IsCompared)
            {
                FindEqualRegions(isZero, buffer, length, digests.Span, replicaIsEmpty, isEqual);
            }

            CapturedChange[] changes = DescribeRegions(offset, length, isZero, isEqual, buffer);
            bool isQueued = Ledger.CompleteCatchUp(run, isEqual, changes);
            if (!isQueued)
            {
                Release(changes);
            }

            return isQueued;
        }
        finally
        {
            buffer.Release();
        }
    }

    /// <summary>
    /// On an empty replica, clears the regions of a long run that are holes of the source, without reading them. The holes are
    /// looked up under the range lock; a region that has been written since is no longer "to be compared" and stays.
    /// </summary>
    internal async Task SkipHolesAsync(PendingRun run, CancellationToken cancellationToken)
    {
        long offset = run.First * ReplicationLimits.DigestRegionBytes;
        long length = Math.Min((long)run.Count * ReplicationLimits.DigestRegionBytes, Length - offset);
        using RangeLock.Holder range = await _ranges.AcquireAsync(offset, length, exclusive: true, cancellationToken).ConfigureAwait(false);
        bool[] isZero = await FindZeroRegionsAsync(offset, length, run.Count, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < isZero.Length; i++)
        {
            int count = 0;
            while (i + count < isZero.Length && isZero[i + count])
            {
                count++;
            }

            if (count > 0)
            {
                Ledger.CompleteCatchUp(run.Slice(i, count), isZero.AsSpan(i, count), []);
                i += count;
            }
        }
    }

    private async ValueTask<bool[]> FindZeroRegionsAsync(long offset, long length, int count, CancellationToken cancellationToken)
    {
        bool[] isZero = new bool[count];
        IReadOnlyList<BlockExtent> extents = await Source.GetExtentsAsync(offset, length, cancellationToken).ConfigureAwait(false);
        Array.Fill(isZero, true);
        foreach (BlockExtent extent in extents)
        {
            if (extent.Kind == ExtentKind.Data)
            {
                int first = (int)((extent.Offset - offset) / ReplicationLimits.DigestRegionBytes);
                int last = (int)((extent.End - 1 - offset) / ReplicationLimits.DigestRegionBytes);
                isZero.AsSpan(first, last - first + 1).Clear();
            }
        }

        return isZero;
    }

    // Reads the runs of regions that may hold data; those that turn out to be zeros are noted as such.
    private async ValueTask ReadRegionsAsync(long offset, int length, bool[] isZero, CaptureBuffer buffer, CancellationToken cancellationToken)
    {
        for (int i = 0; i < isZero.Length; i++)
        {
            int end = i;
            while (end < isZero.Length && !isZero[end])
            {
                end++;
            }

            if (end == i)
            {
                continue;
            }

            int from = i * ReplicationLimits.DigestRegionBytes;
            int to = Math.Min(length, end * ReplicationLimits.DigestRegionBytes);
            await Source.ReadAsync(offset + from, buffer.Memory[from..to], cancellationToken).ConfigureAwait(false);
            for (; i < end; i++)
            {
                isZero[i] = ZeroDetector.IsZero(Region(buffer, i, length));
            }
        }
    }

    private static void FindEqualRegions(
        bool[] isZero, CaptureBuffer buffer, int length, ReadOnlySpan<byte> digests, bool replicaIsEmpty, bool[] isEqual)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        for (int i = 0; i < isZero.Length; i++)
        {
            if (replicaIsEmpty)
            {
                isEqual[i] = isZero[i];
                continue;
            }

            if (digests.Length < (i + 1) * ReplicationLimits.DigestBytes)
            {
                continue;
            }

            ReadOnlySpan<byte> theirs = digests.Slice(i * ReplicationLimits.DigestBytes, ReplicationLimits.DigestBytes);
            bool isWhole = length - (i * ReplicationLimits.DigestRegionBytes) >= ReplicationLimits.DigestRegionBytes;
            if (isZero[i] && isWhole)
            {
                isEqual[i] = theirs.SequenceEqual(ZeroRegionDigest);
            }
            else if (!isZero[i])
            {
                SHA256.HashData(Region(buffer, i, length), digest);
                isEqual[i] = theirs.SequenceEqual(digest[..ReplicationLimits.DigestBytes]);
            }
        }
    }

    private static CapturedChange[] DescribeRegions(long offset, int length, bool[] isZero, bool[] isEqual, CaptureBuffer buffer)
    {
        List<CapturedChange> changes = [];
        for (int i = 0; i < isZero.Length;)
        {
            int end = i + 1;
            int endMax = isZero[i] ? isZero.Length : Math.Min(isZero.Length, i + ContentRegionsMax);
            while (end < endMax && isZero[end] == isZero[i] && isEqual[end] == isEqual[i])
            {
                end++;
            }

            if (!isEqual[i])
            {
                int from = i * ReplicationLimits.DigestRegionBytes;
                int count = Math.Min(length, end * ReplicationLimits.DigestRegionBytes) - from;
                changes.Add(new CapturedChange(offset + from, count, isZero[i] ? default : buffer.Share(from, count)));
            }

            i = end;
        }

        return [.. changes];
    }

    private static ReadOnlySpan<byte> Region(CaptureBuffer buffer, int index, int length)
    {
        int from = index * ReplicationLimits.DigestRegionBytes;
        return buffer.Memory.Span[from..Math.Min(length, from + ReplicationLimits.DigestRegionBytes)];
    }
}
