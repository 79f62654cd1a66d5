using System;
using System.Collections.Concurrent;
using Asr.Contracts;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Replica;

/// <summary>
/// The ciphers of an opened vault, unwrapped when first needed and kept until it is closed: what is cached of its objects is read with them. An epoch number never
/// comes again for a disk, so neither does a key. Safe for concurrent callers.
/// </summary>
internal sealed class KeyRing(ISecretBox secrets) : IDisposable
{
    private readonly ConcurrentDictionary<(Guid DiskId, int Epoch), Lazy<SegmentCipher>> _ciphers = new();

    /// <summary>What a data key is sealed for.</summary>
    public static string Purpose(Guid diskId, int epoch) => $"data key {diskId:D} {epoch}";

    /// <summary>The cipher of a wrapped data key.</summary>
    public SegmentCipher Unwrap(Guid diskId, int epoch, byte[] wrappedKey)
    {
        Lazy<SegmentCipher> cipher = _ciphers.GetOrAdd((diskId, epoch), _ => new Lazy<SegmentCipher>(() => Open(diskId, epoch, wrappedKey)));
        try
        {
            return cipher.Value;
        }
        catch (AsrException)
        {
            // A Lazy keeps its error; a document that is restored must be tried again.
            _ciphers.TryRemove(new((diskId, epoch), cipher));
            throw;
        }
    }

    public void Dispose()
    {
        foreach (Lazy<SegmentCipher> cipher in _ciphers.Values)
        {
            if (cipher.IsValueCreated)
            {
                cipher.Value.Dispose();
            }
        }

        _ciphers.Clear();
    }

    private SegmentCipher Open(Guid diskId, int epoch, byte[] wrappedKey)
    {
        byte[] key = secrets.Open(Purpose(diskId, epoch), wrappedKey);
        return key.Length == SegmentCipher.KeyBytes
            ? new SegmentCipher(key)
            : throw new AsrException(AsrErrorCode.VaultDocumentCorrupt, $"The data key of disk {diskId}, epoch {epoch}, has {key.Length} bytes.");
    }
}
