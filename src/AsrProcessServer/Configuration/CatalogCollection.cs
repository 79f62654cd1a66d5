using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;

namespace Asr.ProcessServer.Configuration;

/// <summary>One collection of the catalog as typed documents. Safe for concurrent callers.</summary>
/// <param name="catalog">The vault's catalog.</param>
/// <param name="name">Name of the collection.</param>
internal sealed class CatalogCollection<T>(ICatalog catalog, string name)
    where T : class
{
    /// <summary>The document, or null. One that is not of this type is <see cref="AsrErrorCode.VaultDocumentCorrupt"/>.</summary>
    public async Task<Stored<T>?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        CatalogDocument? document = await catalog.ReadAsync(name, id, cancellationToken);
        return document is null ? null : Parse(document);
    }

    /// <summary>Creates (<paramref name="ifMatch"/> null) or replaces; <see cref="AsrErrorCode.AlreadyExists"/> or <see cref="AsrErrorCode.Conflict"/>.</summary>
    public Task<string> WriteAsync(string id, T value, string? ifMatch, CancellationToken cancellationToken) =>
        catalog.WriteAsync(name, id, JsonSerializer.SerializeToUtf8Bytes(value, AsrJson.Indented), ifMatch, cancellationToken);

    /// <summary>Deletes; one that is gone is no error.</summary>
    public Task DeleteAsync(string id, string ifMatch, CancellationToken cancellationToken) => catalog.DeleteAsync(name, id, ifMatch, cancellationToken);

    /// <summary>Every id by ordinal order.</summary>
    public async Task<List<string>> ListIdsAsync(CancellationToken cancellationToken)
    {
        List<string> ids = [];
        await foreach (string id in catalog.ListIdsAsync(name, cancellationToken))
        {
            ids.Add(id);
        }

        return ids;
    }

    /// <summary>Every document by ordinal order of id.</summary>
    public async IAsyncEnumerable<Stored<T>> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (CatalogDocument document in catalog.ListAsync(name, cancellationToken))
        {
            yield return Parse(document);
        }
    }

    private Stored<T> Parse(CatalogDocument document) => new(document.Id, document.ETag, CatalogJson.Read<T>(name, document));
}

/// <summary>A typed document and the version it was read at.</summary>
internal sealed record Stored<T>(string Id, string ETag, T Value);
