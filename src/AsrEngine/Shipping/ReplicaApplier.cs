using System;
using System.Buffers;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;

namespace Asr.Engine.Shipping;

/// <summary>
/// The writer of the master target: brings a local disk to a recovery point, moving only regions whose hash differs. Interrupted, it is simply run again: what
/// is equal by then is not moved again. Every region written is read back and compared with the point's hash.
/// The caller sees to it that nobody else writes the disk, and marks its activity log beforehand.
/// </summary>
public sealed class ReplicaApplier(Guid diskId, IBlockDevice target, IReplicaSource replica, FailbackProgress progress)
{
    private const int RegionBytes = ReplicationLimits.DigestRegionBytes;
    private const int WindowRegions = 1024;
    private const int RunRegionsMax = (1 << 20) / RegionBytes;
    private const int RunsInFlight = 4;

    /// <summary>Returns once the disk equals the point, on stable storage.</summary>
    /// <exception cref="AsrException">
    /// <see cref="AsrErrorCode.DiskUnreadable"/> when a region reads back differently, or what the replica answers.
    /// </exception>
    public async Task ApplyAsync(Guid recoveryPointId, CancellationToken cancellationToken)
    {
        long regions = (target.Length + RegionBytes - 1) / RegionBytes;
        for (long first = 0; first < regions; first += WindowRegions)
        {
            int count = (int)Math.Min(WindowRegions, regions - first);
            DigestRequest request = new() { Offset = first * RegionBytes, Count = count, RecoveryPointId = recoveryPointId };
            byte[] digests = await replica.GetDigestsAsync(diskId, request, cancellationToken).ConfigureAwait(false);
            if (digests.Length != count * ReplicationLimits.DigestBytes)
            {
                throw new AsrException(
                    AsrErrorCode.RecoveryPointUnavailable,
                    $"The recovery point answered {digests.Length} bytes of hashes for {count} regions at {request.Offset}: its disk has another size.",
                    "Fail back to a disk of the same size.");
            }

            bool[] differs = await CompareAsync(request.Offset, digests, differsOnly: null, cancellationToken).ConfigureAwait(false);
            await Parallel.ForEachAsync(
                Runs(request.Offset, differs),
                new ParallelOptions { MaxDegreeOfParallelism = RunsInFlight, CancellationToken = cancellationToken },
                (run, token) => MoveAsync(recoveryPointId, run.Offset, run.Length, token)).ConfigureAwait(false);
            await VerifyAsync(request.Offset, digests, differs, cancellationToken).ConfigureAwait(false);
            progress.AddCompared(Math.Min((long)count * RegionBytes, target.Length - request.Offset));
        }

        await target.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task VerifyAsync(long offset, byte[] digests, bool[] written, CancellationToken cancellationToken)
    {
        bool[] differs = await CompareAsync(offset, digests, written, cancellationToken).ConfigureAwait(false);
        int wrong = Array.IndexOf(differs, true);
        if (wrong >= 0)
        {
            throw new AsrException(
                AsrErrorCode.DiskUnreadable,
                $"The region at {offset + ((long)wrong * RegionBytes)} of disk {diskId} was written and reads back differently.",
                "Check the disk; the failback can be repeated and moves only what differs.");
        }
    }

    // Which regions differ from the digests; of those in differsOnly when it is given.
    private async Task<bool[]> CompareAsync(long offset, byte[] digests, bool[]? differsOnly, CancellationToken cancellationToken)
    {
        bool[] differs = new bool[digests.Length / ReplicationLimits.DigestBytes];
        byte[] buffer = ArrayPool<byte>.Shared.Rent(RegionBytes);
        try
        {
            for (int i = 0; i < differs.Length; i++)
            {
                if (differsOnly is not null && !differsOnly[i])
                {
                    continue;
                }

                long at = offset + ((long)i * RegionBytes);
                Memory<byte> region = buffer.AsMemory(0, (int)Math.Min(RegionBytes, target.Length - at));
                await target.ReadAsync(at, region, cancellationToken).ConfigureAwait(false);
                differs[i] = !IsDigest(region.Span, digests.AsSpan(i * ReplicationLimits.DigestBytes, ReplicationLimits.DigestBytes));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return differs;
    }

    private static bool IsDigest(ReadOnlySpan<byte> content, ReadOnlySpan<byte> digest)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return digest.SequenceEqual(hash[..ReplicationLimits.DigestBytes]);
    }

    private IEnumerable<(long Offset, int Length)> Runs(long offset, bool[] differs)
    {
        for (int i = 0; i < differs.Length;)
        {
            int end = i;
            while (end < differs.Length && differs[end] && end - i < RunRegionsMax)
            {
                end++;
            }

            if (end == i)
            {
                i++;
                continue;
            }

            long at = offset + ((long)i * RegionBytes);
            yield return (at, (int)Math.Min((long)(end - i) * RegionBytes, target.Length - at));
            i = end;
        }
    }

    private async ValueTask MoveAsync(Guid recoveryPointId, long offset, int length, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await replica.ReadPointAsync(diskId, recoveryPointId, offset, buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            progress.AddMoved(length);
            for (int from = 0; from < length; from += RegionBytes)
            {
                Memory<byte> region = buffer.AsMemory(from, Math.Min(RegionBytes, length - from));
                if (ZeroDetector.IsZero(region.Span))
                {
                    await target.ZeroAsync(offset + from, region.Length, punchHole: true, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    await target.WriteAsync(offset + from, region, cancellationToken).ConfigureAwait(false);
                }
            }

        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
