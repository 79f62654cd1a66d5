using System;
using System.Security.Cryptography;
using System.Text;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>AES-256-GCM with random nonces under a key derived from the master key. Box: version 1, nonce, ciphertext, tag. Safe for concurrent callers.</summary>
internal sealed class SecretBox : ISecretBox
{
    private const byte Version = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int OverheadBytes = 1 + NonceBytes + TagBytes;

    private readonly byte[] _key;

    public SecretBox(ReadOnlySpan<byte> masterKey) => _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, masterKey.ToArray(), 32, info: "asr secret box 1"u8.ToArray());

    /// <inheritdoc/>
    public byte[] Seal(string purpose, ReadOnlySpan<byte> secret)
    {
        byte[] box = new byte[OverheadBytes + secret.Length];
        box[0] = Version;
        Span<byte> nonce = box.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using AesGcm cipher = new(_key, TagBytes);
        cipher.Encrypt(nonce, secret, box.AsSpan(1 + NonceBytes, secret.Length), box.AsSpan(box.Length - TagBytes), Encoding.UTF8.GetBytes(purpose));
        return box;
    }

    /// <inheritdoc/>
    public byte[] Open(string purpose, ReadOnlySpan<byte> box)
    {
        if (box.Length < OverheadBytes || box[0] != Version)
        {
            throw Corrupt(purpose, null);
        }

        byte[] secret = new byte[box.Length - OverheadBytes];
        using AesGcm cipher = new(_key, TagBytes);
        try
        {
            cipher.Decrypt(box.Slice(1, NonceBytes), box.Slice(1 + NonceBytes, secret.Length), box[^TagBytes..], secret, Encoding.UTF8.GetBytes(purpose));
            return secret;
        }
        catch (AuthenticationTagMismatchException error)
        {
            throw Corrupt(purpose, error);
        }
    }

    private static AsrException Corrupt(string purpose, Exception? inner) => new(
        AsrErrorCode.VaultDocumentCorrupt,
        $"The secret '{purpose}' in the vault is not the one that was sealed.",
        "Restore the document that holds it from a copy of the vault.",
        purpose,
        inner);
}
