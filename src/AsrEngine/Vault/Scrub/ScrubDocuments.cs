using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault.Scrub;

/// <summary>Reads and swaps <see cref="ScrubDocument"/>s. Safe for concurrent callers.</summary>
internal sealed class ScrubDocuments(ICatalog catalog)
{
    public const string Collection = "scrubs";

    /// <summary>The document with its ETag, or null.</summary>
    public async Task<(ScrubDocument Document, string ETag)?> ReadAsync(string name, CancellationToken cancellationToken) =>
        await catalog.ReadAsync(Collection, name, cancellationToken).ConfigureAwait(false) is { } stored
            ? (CatalogJson.Read<ScrubDocument>(Collection, stored), stored.ETag)
            : null;

    /// <summary>Swaps the document in; <see cref="AsrErrorCode.Conflict"/> when someone else goes on with the scrub.</summary>
    public async Task<string> WriteAsync(string name, ScrubDocument document, string? ifMatch, CancellationToken cancellationToken)
    {
        try
        {
            return await catalog.WriteAsync(Collection, name, JsonSerializer.SerializeToUtf8Bytes(document, AsrJson.Indented), ifMatch, cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException lost) when (lost.Code is AsrErrorCode.Conflict or AsrErrorCode.AlreadyExists)
        {
            throw new AsrException(
                AsrErrorCode.Conflict, $"Another check '{name}' of the vault has been started and goes on from where this one was.", "Wait for that one.", $"{Collection}/{name}", lost);
        }
    }

    /// <summary>Every document that can be read.</summary>
    public async Task<IReadOnlyList<ScrubDocument>> ListAsync(CancellationToken cancellationToken)
    {
        List<ScrubDocument> documents = [];
        foreach (string id in await catalog.ListIdsAsync(Collection, cancellationToken).ToArrayAsync(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                if (await ReadAsync(id, cancellationToken).ConfigureAwait(false) is { } stored)
                {
                    documents.Add(stored.Document);
                }
            }
            catch (AsrException damaged) when (damaged.Code == AsrErrorCode.VaultDocumentCorrupt)
            {
                // A scrub of the documents tells; the others are as good as before.
            }
        }

        return documents;
    }
}
