using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Asr.Engine.Vault.Azure;

/// <summary>
/// <see cref="ISegmentStore"/> in a container: block blobs <c>disks/DISK/EPOCH/NAME</c>, named as files are (<see cref="SegmentPath"/>). An object is put by one request
/// that the storage refuses if the name is taken; who is refused compares what is there with what it was to put.
/// </summary>
internal sealed class AzureSegmentStore(BlobContainerClient container) : ISegmentStore
{
    private const string Root = "disks/";
    private const int CompareBytes = 1 << 20;

    /// <inheritdoc/>
    public async Task PutAsync(SegmentName name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        BlobUploadOptions options = new()
        {
            Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
            TransferOptions = BlobTransfers.AtOnce,
        };
        using Stream body = OpenRead(content);
        try
        {
            await BlobOf(name).UploadAsync(body, options, cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException taken) when (AzureErrors.IsRefusedByCondition(taken))
        {
            // Put before, by this very call perhaps, its answer lost.
            if (!await HasContentAsync(name, content, cancellationToken).ConfigureAwait(false))
            {
                throw SegmentErrors.Taken(name);
            }
        }
        catch (Exception error) when (AzureErrors.IsStorageError(error))
        {
            throw Translate(error, "Storing", name, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task<long?> GetLengthAsync(SegmentName name, CancellationToken cancellationToken)
    {
        try
        {
            BlobProperties properties = await BlobOf(name).GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            return properties.ContentLength;
        }
        catch (RequestFailedException missing) when (AzureErrors.IsMissing(missing))
        {
            return null;
        }
        catch (Exception error) when (AzureErrors.IsStorageError(error))
        {
            throw Translate(error, "Opening", name, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask ReadAsync(SegmentName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (buffer.Length == 0)
        {
            return;
        }

        try
        {
            BlobDownloadOptions range = new() { Range = new HttpRange(offset, buffer.Length) };
            using BlobDownloadStreamingResult answer = await BlobOf(name).DownloadStreamingAsync(range, cancellationToken).ConfigureAwait(false);
            if (answer.Details.ContentLength != buffer.Length)
            {
                throw SegmentErrors.Corrupt(name, offset, $"ends after {offset + answer.Details.ContentLength} bytes");
            }

            await answer.Content.ReadExactlyAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException missing) when (AzureErrors.IsMissing(missing))
        {
            throw SegmentErrors.Missing(name);
        }
        catch (RequestFailedException beyond) when (beyond.ErrorCode == BlobErrorCode.InvalidRange)
        {
            throw SegmentErrors.Corrupt(name, offset, "ends before it");
        }
        catch (Exception error) when (AzureErrors.IsStorageError(error))
        {
            throw Translate(error, "Reading", name, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SegmentName> ListAsync(Guid diskId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string prefix = $"{Root}{diskId:D}/";
        List<SegmentName?> names = await BlobTransfers.ToListAsync(
            container.GetBlobsAsync(new GetBlobsOptions { Prefix = prefix }, cancellationToken),
            item => Parse(diskId, item.Name.AsSpan(prefix.Length)),
            $"Listing disk {diskId}",
            diskId.ToString("D"),
            cancellationToken).ConfigureAwait(false);
        foreach (SegmentName name in SegmentPath.Order(names.OfType<SegmentName>()))
        {
            yield return name;
        }
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(SegmentName name, CancellationToken cancellationToken)
    {
        try
        {
            await BlobOf(name).DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (AzureErrors.IsStorageError(error))
        {
            throw Translate(error, "Deleting", name, cancellationToken);
        }
    }

    private static Exception Translate(Exception error, string what, in SegmentName name, CancellationToken cancellationToken)
    {
        string described = SegmentErrors.Describe(name);
        return AzureErrors.Translate(error, $"{what} {described}", described, cancellationToken);
    }

    private static SegmentName? Parse(Guid diskId, ReadOnlySpan<char> path)
    {
        int slash = path.IndexOf('/');
        return slash > 0
            && SegmentPath.TryParseEpoch(path[..slash].ToString(), out int epoch)
            && SegmentPath.TryParse(diskId, epoch, path[(slash + 1)..].ToString(), out SegmentName? name)
            ? name
            : null;
    }

    // Sealed objects lie in arrays; anything else is copied once.
    private static MemoryStream OpenRead(ReadOnlyMemory<byte> content) => MemoryMarshal.TryGetArray(content, out ArraySegment<byte> array)
        ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
        : new MemoryStream(content.ToArray(), writable: false);

    private async Task<bool> HasContentAsync(SegmentName name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (await GetLengthAsync(name, cancellationToken).ConfigureAwait(false) != content.Length)
        {
            return false;
        }

        byte[] part = new byte[Math.Min(CompareBytes, content.Length)];
        for (int offset = 0; offset < content.Length; offset += part.Length)
        {
            ReadOnlyMemory<byte> expected = content.Slice(offset, Math.Min(part.Length, content.Length - offset));
            await ReadAsync(name, offset, part.AsMemory(0, expected.Length), cancellationToken).ConfigureAwait(false);
            if (!expected.Span.SequenceEqual(part.AsSpan(0, expected.Length)))
            {
                return false;
            }
        }

        return true;
    }

    private BlockBlobClient BlobOf(in SegmentName name) =>
        container.GetBlockBlobClient($"{Root}{name.DiskId:D}/{SegmentPath.EpochName(name.Epoch)}/{SegmentPath.FileName(name)}");
}
