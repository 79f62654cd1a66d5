using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Azure.Storage;

namespace Asr.Engine.Vault.Azure;

/// <summary>How blobs are sent and listed.</summary>
internal static class BlobTransfers
{
    /// <summary>Larger than anything that is stored: a document or a sealed object of a vault. Put Blob itself takes 5,000 MiB.</summary>
    private const long BytesAtOnceMax = 256L << 20;

    /// <summary>
    /// One request for a whole blob: it is there or it is not. In blocks it would be quicker on a wide line, and two writers of one name could mix theirs, since the client
    /// library names blocks by their place.
    /// </summary>
    public static StorageTransferOptions AtOnce => new() { InitialTransferSize = BytesAtOnceMax, MaximumTransferSize = BytesAtOnceMax, MaximumConcurrency = 1 };

    /// <summary>All of a listing.</summary>
    public static async Task<List<TResult>> ToListAsync<T, TResult>(
        IAsyncEnumerable<T> listing, Func<T, TResult> select, string what, string target, CancellationToken cancellationToken)
    {
        List<TResult> all = [];
        try
        {
            await foreach (T item in listing.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                all.Add(select(item));
            }

            return all;
        }
        catch (Exception error) when (AzureErrors.IsStorageError(error))
        {
            throw AzureErrors.Translate(error, what, target, cancellationToken);
        }
    }
}
