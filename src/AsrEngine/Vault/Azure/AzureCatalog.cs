using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Asr.Engine.Vault.Azure;

/// <summary>
/// <see cref="ICatalog"/> in a container: block blobs <c>catalog/COLLECTION/ID.json</c>, each in the envelope that a file has. A document is read, compared and put with
/// the storage's own ETag as the condition, so of two writers the storage refuses one.
/// </summary>
/// <remarks>
/// An answer may be lost after the storage has done what was asked. The client library then asks again and is refused, because the version it names has gone: by its
/// own doing. So every write has a mark of its own, in the blob's metadata together with the marks of the writes before it. Who is refused looks whether its mark
/// is among them: then it was the one who wrote, and perhaps someone has written since.
/// </remarks>
internal sealed class AzureCatalog(BlobContainerClient container) : ICatalog
{
    private const string Root = "catalog/";
    private const string DocumentSuffix = ".json";
    private const string MarksKey = "asrwrites";

    /// <summary>Marks kept with a document: how many writes may follow one before its writer, asking again, cannot tell whether it was done.</summary>
    private const int MarksMax = 8;

    /// <summary>Documents of a listing that are fetched at once.</summary>
    private const int FetchesMax = 16;

    /// <inheritdoc/>
    public async Task<CatalogDocument?> ReadAsync(string collection, string id, CancellationToken cancellationToken)
    {
        CatalogNames.Check(collection, id);
        return (await FetchAsync(collection, id, cancellationToken).ConfigureAwait(false))?.Document;
    }

    /// <inheritdoc/>
    public async Task<string> WriteAsync(string collection, string id, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellationToken)
    {
        CatalogNames.Check(collection, id);
        CatalogRules.CheckSize(collection, id, content);
        Stored? current = await FetchAsync(collection, id, cancellationToken).ConfigureAwait(false);
        CatalogRules.CheckCondition(collection, id, current?.Document, ifMatch);
        long version = (current?.Version ?? 0) + 1;
        string mark = Guid.NewGuid().ToString("N");
        string[] marks = [mark, .. (current?.Marks ?? []).Take(MarksMax - 1)];
        BlobUploadOptions options = new()
        {
            Conditions = current is null ? new BlobRequestConditions { IfNoneMatch = ETag.All } : new BlobRequestConditions { IfMatch = current.StorageETag },
            Metadata = new Dictionary<string, string> { [MarksKey] = string.Join(',', marks) },
            HttpHeaders = new BlobHttpHeaders { ContentType = "application/json" },
            TransferOptions = BlobTransfers.AtOnce,
        };
        using MemoryStream body = new(DocumentEnvelope.Wrap(collection, id, version, content.Span), writable: false);
        string what = $"Changing document {collection}/{id}";
        try
        {
            await BlobOf(collection, id).UploadAsync(body, options, cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException refused) when (AzureErrors.IsRefusedByCondition(refused))
        {
            if (!await IsDoneAsync(collection, id, mark, current?.Marks, cancellationToken).ConfigureAwait(false))
            {
                throw ifMatch is null ? CatalogRules.Exists(collection, id) : CatalogRules.Changed(collection, id);
            }
        }
        catch (Exception error) when (AzureErrors.IsStorageError(error))
        {
            throw AzureErrors.Translate(error, what, id, cancellationToken);
        }

        return DocumentEnvelope.ETag(collection, id, version, content.Span);
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string collection, string id, string ifMatch, CancellationToken cancellationToken)
    {
        CatalogNames.Check(collection, id);
        Stored? current = await FetchAsync(collection, id, cancellationToken).ConfigureAwait(false);
        if (current is null)
        {
            return;
        }

        CatalogRules.CheckCondition(collection, id, current.Document, ifMatch);
        try
        {
            BlobRequestConditions same = new() { IfMatch = current.StorageETag };
            await BlobOf(collection, id).DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, same, cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException refused) when (AzureErrors.IsRefusedByCondition(refused))
        {
            // By its own doing perhaps: it was deleted, and the answer lost.
            if (await FetchAsync(collection, id, cancellationToken).ConfigureAwait(false) is not null)
            {
                throw CatalogRules.Changed(collection, id);
            }
        }
        catch (Exception error) when (AzureErrors.IsStorageError(error))
        {
            throw AzureErrors.Translate(error, $"Deleting document {collection}/{id}", id, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListCollectionsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<string> names = await BlobTransfers.ToListAsync(
            container.GetBlobsByHierarchyAsync(new GetBlobsByHierarchyOptions { Prefix = Root, Delimiter = "/" }, cancellationToken),
            static item => item.IsPrefix ? item.Prefix[Root.Length..^1] : "",
            "Listing the vault's collections",
            Root,
            cancellationToken).ConfigureAwait(false);
        foreach (string name in names.Where(static name => CatalogNames.IsValid(name)).Order(StringComparer.Ordinal))
        {
            yield return name;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListIdsAsync(string collection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (string id in await ListAllIdsAsync(collection, cancellationToken).ConfigureAwait(false))
        {
            yield return id;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<CatalogDocument> ListAsync(string collection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Fetched ahead of who reads them, or a collection would take as many round trips as it has documents.
        Queue<Task<CatalogDocument?>> ahead = new();
        try
        {
            foreach (string id in await ListAllIdsAsync(collection, cancellationToken).ConfigureAwait(false))
            {
                ahead.Enqueue(ReadAsync(collection, id, cancellationToken));
                if (ahead.Count >= FetchesMax && await ahead.Dequeue().ConfigureAwait(false) is { } document)
                {
                    yield return document;
                }
            }

            while (ahead.TryDequeue(out Task<CatalogDocument?>? next))
            {
                if (await next.ConfigureAwait(false) is { } document)
                {
                    yield return document;
                }
            }
        }
        finally
        {
            // Whoever reads has stopped, or one has failed: the others are awaited all the same, whatever they say.
            await Task.WhenAll(ahead).ContinueWith(static ended => _ = ended.Exception, TaskScheduler.Default).ConfigureAwait(false);
        }
    }

    private async Task<List<string>> ListAllIdsAsync(string collection, CancellationToken cancellationToken)
    {
        CatalogNames.Check(collection, collection);
        string prefix = $"{Root}{collection}/";
        List<string> names = await BlobTransfers.ToListAsync(
            container.GetBlobsAsync(new GetBlobsOptions { Prefix = prefix }, cancellationToken),
            item => item.Name[prefix.Length..],
            $"Listing collection {collection}",
            collection,
            cancellationToken).ConfigureAwait(false);

        // Sorted anew: the storage has sorted the names with their suffix.
        return [.. names
            .Where(static name => name.EndsWith(DocumentSuffix, StringComparison.Ordinal) && CatalogNames.IsValid(name.AsSpan(0, name.Length - DocumentSuffix.Length)))
            .Select(static name => name[..^DocumentSuffix.Length])
            .Order(StringComparer.Ordinal)];
    }

    private async Task<Stored?> FetchAsync(string collection, string id, CancellationToken cancellationToken)
    {
        string what = $"Reading document {collection}/{id}";
        try
        {
            using BlobDownloadStreamingResult answer = await BlobOf(collection, id).DownloadStreamingAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            if (answer.Details.ContentLength > CatalogRules.EnvelopeBytesMax)
            {
                throw CatalogRules.Corrupt(collection, id, BlobOf(collection, id).Name, $"it has {answer.Details.ContentLength} bytes");
            }

            byte[] file = new byte[answer.Details.ContentLength];
            await answer.Content.ReadExactlyAsync(file, cancellationToken).ConfigureAwait(false);
            return DocumentEnvelope.TryUnwrap(collection, id, file, out long version, out CatalogDocument document)
                ? new Stored(document, version, answer.Details.ETag, MarksOf(answer.Details.Metadata))
                : throw CatalogRules.Corrupt(collection, id, BlobOf(collection, id).Name, "its checksum does not match");
        }
        catch (RequestFailedException missing) when (AzureErrors.IsMissing(missing))
        {
            return null;
        }
        catch (Exception error) when (AzureErrors.IsStorageError(error))
        {
            throw AzureErrors.Translate(error, what, id, cancellationToken);
        }
    }

    /// <summary>Whether a write that was refused had been done before, its answer lost.</summary>
    private async Task<bool> IsDoneAsync(string collection, string id, string mark, IReadOnlyList<string>? before, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> marks = (await FetchAsync(collection, id, cancellationToken).ConfigureAwait(false))?.Marks ?? [];
        if (marks.Contains(mark))
        {
            return true;
        }

        // The newest mark of before is still there, or the list is not full: then all later ones are, and this one never was.
        bool isKnown = marks.Count < MarksMax || (before is { Count: > 0 } && marks.Contains(before[0]));
        return isKnown
            ? false
            : throw new AsrException(
                AsrErrorCode.VaultUnavailable,
                $"Whether document {collection}/{id} was changed is not known: the answer was lost, and others have changed it since.",
                "Read it again and retry.",
                id);
    }

    private static string[] MarksOf(IDictionary<string, string> metadata) =>
        metadata.TryGetValue(MarksKey, out string? marks) ? marks.Split(',', MarksMax + 1, StringSplitOptions.RemoveEmptyEntries) : [];

    private BlockBlobClient BlobOf(string collection, string id) => container.GetBlockBlobClient($"{Root}{collection}/{id}{DocumentSuffix}");

    /// <summary>A document as it is stored.</summary>
    private sealed record Stored(CatalogDocument Document, long Version, ETag StorageETag, IReadOnlyList<string> Marks);
}
