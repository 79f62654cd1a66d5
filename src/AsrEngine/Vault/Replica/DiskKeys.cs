using System;
using System.Collections.Concurrent;
using Asr.Contracts;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Replica;

/// <summary>The ciphers of one disk's epochs, unwrapped when first needed. Safe for concurrent callers.</summary>
internal sealed class DiskKeys(ISecretBox secrets, DiskDocument document) : IDisposable
{
    private readonly ConcurrentDictionary<int, Lazy<SegmentCipher>> _ciphers = new();

    /// <summary>The cipher of an epoch.</summary>
    public SegmentCipher For(int epoch) => _ciphers.GetOrAdd(epoch, number => new Lazy<SegmentCipher>(() => Unwrap(number))).Value;

    /// <summary>What a data key is sealed for.</summary>
    public static string Purpose(Guid diskId, int epoch) => $"data key {diskId:D} {epoch}";

    public void Dispose()
    {
        foreach (Lazy<SegmentCipher> cipher in _ciphers.Values)
        {
            if (cipher.IsValueCreated)
            {
                cipher.Value.Dispose();
            }
        }
    }

    private SegmentCipher Unwrap(int number)
    {
        DiskEpoch epoch = EpochTree.Find(document, number)
            ?? throw new AsrException(AsrErrorCode.RecoveryPointUnavailable, $"Disk {document.DiskId} has no epoch {number}.", "Choose another recovery point.");
        byte[] key = secrets.Open(Purpose(document.DiskId, number), epoch.WrappedKey);
        return key.Length == SegmentCipher.KeyBytes
            ? new SegmentCipher(key)
            : throw new AsrException(AsrErrorCode.VaultDocumentCorrupt, $"The data key of disk {document.DiskId}, epoch {number}, has {key.Length} bytes.");
    }
}
