using Asr.Contracts;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Replica;

/// <summary>The ciphers of one disk's epochs, as its document has their keys. Safe for concurrent callers.</summary>
internal sealed class DiskKeys(KeyRing ring, DiskDocument document)
{
    /// <summary>Whether the document knows an epoch.</summary>
    public bool Has(int epoch) => EpochTree.Find(document, epoch) is not null;

    /// <summary>The cipher of an epoch; the ring owns it.</summary>
    public SegmentCipher For(int epoch)
    {
        DiskEpoch found = EpochTree.Find(document, epoch)
            ?? throw new AsrException(AsrErrorCode.RecoveryPointUnavailable, $"Disk {document.DiskId} has no epoch {epoch}.", "Choose another recovery point.");
        return ring.Unwrap(document.DiskId, epoch, found.WrappedKey);
    }
}
