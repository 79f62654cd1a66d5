using System;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>Reads and swaps <see cref="DiskDocument"/>s in the catalog.</summary>
internal sealed class DiskDocuments(ICatalog catalog)
{
    public const string Collection = "disks";

    /// <summary>The document with its ETag, or null. A deleted disk has one.</summary>
    public async Task<(DiskDocument Document, string ETag)?> ReadAsync(Guid diskId, CancellationToken cancellationToken)
    {
        CatalogDocument? stored = await catalog.ReadAsync(Collection, Id(diskId), cancellationToken).ConfigureAwait(false);
        return stored is null ? null : (CatalogJson.Read<DiskDocument>(Collection, stored), stored.ETag);
    }

    /// <summary>Only the ETag, or null: cheap enough to be asked after every segment.</summary>
    public async Task<string?> ReadETagAsync(Guid diskId, CancellationToken cancellationToken) =>
        (await catalog.ReadAsync(Collection, Id(diskId), cancellationToken).ConfigureAwait(false))?.ETag;

    /// <summary>Swaps the document in and returns its ETag; null when someone else was faster.</summary>
    public async Task<string?> TryWriteAsync(DiskDocument document, string? ifMatch, CancellationToken cancellationToken)
    {
        try
        {
            return await catalog.WriteAsync(Collection, Id(document.DiskId), JsonSerializer.SerializeToUtf8Bytes(document, AsrJson.Indented), ifMatch, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (AsrException lost) when (lost.Code is AsrErrorCode.Conflict or AsrErrorCode.AlreadyExists)
        {
            return null;
        }
    }

    private static string Id(Guid diskId) => diskId.ToString("D");
}
