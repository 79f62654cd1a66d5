using System;
using System.Buffers;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Vault;

namespace Asr.Engine.Ingest;

/// <summary>What damage means where regions are hashed.</summary>
public enum DamageInHashes
{
    /// <summary>An error that names the object: who brings a disk to a recovery point must learn of it before anything is overwritten.</summary>
    IsAnError,

    /// <summary>The region has a digest that no content has in practice, so that a comparison finds it different and sends it again: that is how a replica is repaired.</summary>
    Differs,
}

/// <summary>Hashes of a disk's regions: the first half of SHA-256 of each region's content. Stateless and thread-safe.</summary>
public static class RegionDigests
{
    private const byte DamagedFill = 0xFF;

    private static readonly byte[] ZeroRegionDigest = Hash(new byte[ReplicationLimits.DigestRegionBytes]);
    private static readonly byte[] ZeroBlockDigest = Hash(new byte[ReplicationLimits.DigestBlockBytes]);

    /// <summary>
    /// Hashes the regions of a request, those beyond the end of the disk left out; the last region of a disk may be shorter than the
    /// others and is hashed at its length. Regions that are known to be zeros are not read.
    /// </summary>
    public static async Task<byte[]> ComputeAsync(IBlockDevice device, DigestRequest request, DamageInHashes damage, CancellationToken cancellationToken)
    {
        int regionBytes = request.RegionBytes;
        if (request.Offset < 0
            || regionBytes is not (ReplicationLimits.DigestRegionBytes or ReplicationLimits.DigestBlockBytes)
            || request.Offset % regionBytes != 0
            || request.Count is < 1 or > ReplicationLimits.DigestRegionsMax)
        {
            throw new AsrException(
                AsrErrorCode.InvalidArgument,
                $"Hashes of {request.Count} regions of {regionBytes} bytes from {request.Offset} were asked for.",
                $"Ask for 1 to {ReplicationLimits.DigestRegionsMax} regions of {ReplicationLimits.DigestRegionBytes} or {ReplicationLimits.DigestBlockBytes} bytes from a multiple of that.");
        }

        long end = long.Min(device.Length, request.Offset + ((long)request.Count * regionBytes));
        if (request.Offset >= end)
        {
            return [];
        }

        int count = (int)((end - request.Offset + regionBytes - 1) / regionBytes);
        byte[] digests = new byte[count * ReplicationLimits.DigestBytes];
        IReadOnlyList<BlockExtent> extents = [new BlockExtent(request.Offset, end - request.Offset, ExtentKind.Data)];
        try
        {
            extents = await device.GetExtentsAsync(request.Offset, end - request.Offset, cancellationToken).ConfigureAwait(false);
        }
        catch (StoredObjectException damaged) when (damage == DamageInHashes.Differs && IsDamage(damaged))
        {
            // Which regions it concerns shows when they are read.
        }

        byte[] content = ArrayPool<byte>.Shared.Rent(regionBytes);
        try
        {
            int extent = 0;
            for (int region = 0; region < count; region++)
            {
                long offset = request.Offset + ((long)region * regionBytes);
                int length = (int)long.Min(regionBytes, end - offset);
                while (extents[extent].End <= offset)
                {
                    extent++;
                }

                Memory<byte> digest = digests.AsMemory(region * ReplicationLimits.DigestBytes, ReplicationLimits.DigestBytes);
                bool isZero = extents[extent].Kind != ExtentKind.Data && extents[extent].End >= offset + length;
                if (isZero && length == regionBytes)
                {
                    (regionBytes == ReplicationLimits.DigestRegionBytes ? ZeroRegionDigest : ZeroBlockDigest).CopyTo(digest);
                    continue;
                }

                try
                {
                    await device.ReadAsync(offset, content.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
                    Hash(content.AsSpan(0, length)).CopyTo(digest);
                }
                catch (StoredObjectException damaged) when (damage == DamageInHashes.Differs && IsDamage(damaged))
                {
                    digest.Span.Fill(DamagedFill);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(content);
        }

        return digests;
    }

    /// <summary>Hash of one region's content.</summary>
    public static byte[] Hash(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return hash[..ReplicationLimits.DigestBytes].ToArray();
    }

    private static bool IsDamage(StoredObjectException error) => error.Code is AsrErrorCode.SegmentCorrupt or AsrErrorCode.SegmentMissing;
}
