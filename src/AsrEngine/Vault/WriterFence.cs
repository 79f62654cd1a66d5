using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>Tells a writer whether its epoch is still the disk's newest. One caller at a time.</summary>
internal sealed class WriterFence(DiskDocuments documents, Guid diskId, int epoch, string etag)
{
    private string? _etagChecked = etag;

    /// <summary>Throws <see cref="AsrErrorCode.WriterFenced"/> when another writer has taken the disk over, or the disk is gone.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        // The document hardly ever changes, so most checks end with the comparison of two ETags.
        string? current = await documents.ReadETagAsync(diskId, cancellationToken).ConfigureAwait(false);
        if (current is not null && current == _etagChecked)
        {
            return;
        }

        (DiskDocument Document, string ETag)? stored = await documents.ReadAsync(diskId, cancellationToken).ConfigureAwait(false);
        if (stored is null || stored.Value.Document.Deleted || stored.Value.Document.LastEpoch != epoch)
        {
            throw new AsrException(
                AsrErrorCode.WriterFenced,
                stored is null || stored.Value.Document.Deleted
                    ? $"Disk {diskId} has been removed from the vault."
                    : $"Epoch {stored.Value.Document.LastEpoch} has taken disk {diskId} over from epoch {epoch}.",
                "Open a new session.",
                diskId.ToString());
        }

        _etagChecked = stored.Value.ETag;
    }
}
