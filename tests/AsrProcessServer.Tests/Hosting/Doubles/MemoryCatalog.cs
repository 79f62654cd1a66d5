using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;

namespace Asr.ProcessServer.Tests.Hosting.Doubles;

/// <summary>A catalog in memory with the same rules.</summary>
internal sealed class MemoryCatalog : ICatalog
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Collection, string Id), CatalogDocument> _documents = [];
    private long _version;

    public Task<CatalogDocument?> ReadAsync(string collection, string id, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(_documents.GetValueOrDefault((collection, id)));
        }
    }

    public Task<string> WriteAsync(string collection, string id, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            string? present = _documents.GetValueOrDefault((collection, id))?.ETag;
            if (present != ifMatch)
            {
                throw new AsrException(ifMatch is null ? AsrErrorCode.AlreadyExists : AsrErrorCode.Conflict, $"{collection}/{id} is at {present}, not {ifMatch}.");
            }

            string etag = $"v{++_version}";
            _documents[(collection, id)] = new CatalogDocument(id, etag, content.ToArray());
            return Task.FromResult(etag);
        }
    }

    public Task DeleteAsync(string collection, string id, string ifMatch, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_documents.TryGetValue((collection, id), out CatalogDocument? present) && present.ETag != ifMatch)
            {
                throw new AsrException(AsrErrorCode.Conflict, $"{collection}/{id} is at {present.ETag}, not {ifMatch}.");
            }

            _documents.Remove((collection, id));
            return Task.CompletedTask;
        }
    }

    public IAsyncEnumerable<string> ListCollectionsAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _documents.Keys.Select(key => key.Collection).Distinct().Order(StringComparer.Ordinal).ToArray().ToAsyncEnumerable();
        }
    }

    public async IAsyncEnumerable<string> ListIdsAsync(string collection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (CatalogDocument document in ListAsync(collection, cancellationToken))
        {
            yield return document.Id;
        }
    }

    public async IAsyncEnumerable<CatalogDocument> ListAsync(string collection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        CatalogDocument[] documents;
        lock (_lock)
        {
            documents = _documents.Where(pair => pair.Key.Collection == collection).Select(pair => pair.Value).OrderBy(document => document.Id, StringComparer.Ordinal).ToArray();
        }

        foreach (CatalogDocument document in documents)
        {
            await Task.Yield();
            yield return document;
        }
    }
}
