using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Vault;

/// <summary>
/// The vault's documents: policies, machines, disks, recovery points, jobs, events. Small JSON, plain to read, changed only by
/// compare-and-swap on an ETag, durable when a call returns. Safe for concurrent callers and for several processes.
/// Collection names and ids are 1 to 128 characters of <c>[a-z0-9._-]</c>, not starting with a dot.
/// </summary>
public interface ICatalog
{
    /// <summary>The document, or null when there is none.</summary>
    Task<CatalogDocument?> ReadAsync(string collection, string id, CancellationToken cancellationToken);

    /// <summary>
    /// Creates (<paramref name="ifMatch"/> null) or replaces a document and returns its new ETag.
    /// Throws <see cref="Asr.Contracts.AsrErrorCode.AlreadyExists"/> or <see cref="Asr.Contracts.AsrErrorCode.Conflict"/>, and then changed nothing.
    /// </summary>
    Task<string> WriteAsync(string collection, string id, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellationToken);

    /// <summary>Deletes a document. One that is gone already is no error; another ETag is <see cref="Asr.Contracts.AsrErrorCode.Conflict"/>.</summary>
    Task DeleteAsync(string collection, string id, string ifMatch, CancellationToken cancellationToken);

    /// <summary>The names of the collections by ordinal order; some may have no documents.</summary>
    IAsyncEnumerable<string> ListCollectionsAsync(CancellationToken cancellationToken);

    /// <summary>The ids of a collection by ordinal order, without reading the documents.</summary>
    IAsyncEnumerable<string> ListIdsAsync(string collection, CancellationToken cancellationToken);

    /// <summary>Every document of a collection by ordinal order of id, as of some moment per document.</summary>
    IAsyncEnumerable<CatalogDocument> ListAsync(string collection, CancellationToken cancellationToken);
}

/// <summary>A document and the version it was read at.</summary>
/// <param name="Id">Id within its collection.</param>
/// <param name="ETag">Opaque version.</param>
/// <param name="Content">UTF-8 JSON.</param>
public sealed record CatalogDocument(string Id, string ETag, ReadOnlyMemory<byte> Content);
