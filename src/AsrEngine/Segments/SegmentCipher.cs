using System;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Threading;
using Asr.Engine.Vault;

namespace Asr.Engine.Segments;

/// <summary>
/// AES-256-GCM under the data key of one disk and epoch. A nonce is a counter that only rises: the one writer of the epoch reserves what
/// each object needs, and an object that must be stored again is stored as the bytes it was sealed to. What others than the writer make of its
/// changes (index runs, packs) is sealed under a key of its own, derived with the object's salt, so its nonces are no one else's. Safe for concurrent callers.
/// </summary>
internal sealed class SegmentCipher : IDisposable
{
    public const int KeyBytes = 32;
    public const int TagBytes = 16;

    private const int NonceBytes = 12;
    private const int AssociatedBytes = 64;
    private const byte PayloadDomain = 1;
    private const byte IndexDomain = 2;

    private static readonly byte[] DerivedInfo = "asr derived object 1"u8.ToArray();

    // An AesGcm is for one caller at a time; readers of one epoch go on side by side.
    private readonly ConcurrentBag<AesGcm> _idle = [];
    private readonly byte[] _key;
    private long _nextNonce;
    private bool _disposed;

    public SegmentCipher(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyBytes)
        {
            throw new ArgumentException($"A data key has {KeyBytes} bytes.", nameof(key));
        }

        _key = key.ToArray();
    }

    /// <summary>The cipher of one derived object; the caller owns it.</summary>
    public SegmentCipher Derive(Guid salt)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Span<byte> key = stackalloc byte[KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, key, salt.ToByteArray(), DerivedInfo);
        SegmentCipher derived = new(key);
        CryptographicOperations.ZeroMemory(key);
        return derived;
    }

    /// <summary>
    /// The salt of a derived object: it follows from what the object will hold, so that making it again gives the same bytes under the same name,
    /// and one key never seals two contents. Keyed, so that it tells nothing about the contents.
    /// </summary>
    public Guid SaltFor(in SegmentName name, ReadOnlySpan<byte> contents, ReadOnlySpan<byte> index)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Span<byte> place = stackalloc byte[AssociatedBytes];
        WriteName(name, IndexDomain, place);
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hash.AppendData(DerivedInfo);
        hash.AppendData(place);
        hash.AppendData(contents);
        hash.AppendData(index);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        Guid salt = new(digest[..16]);
        return salt == Guid.Empty ? new Guid(digest[16..]) : salt;
    }

    /// <summary>Sets <paramref name="count"/> adjacent nonces aside and returns the first. Only the epoch's writer seals.</summary>
    public ulong ReserveNonces(int count) => (ulong)(Interlocked.Add(ref _nextNonce, count) - count);

    /// <summary>Encrypts one content; ciphertext and tag lie one after the other in <paramref name="sealedBytes"/>.</summary>
    public void SealPayload(in SegmentName name, in Change change, ulong nonce, ReadOnlySpan<byte> stored, Span<byte> sealedBytes)
    {
        Span<byte> associated = stackalloc byte[AssociatedBytes];
        WritePayloadPlace(name, change, associated);
        Encrypt(nonce, stored, sealedBytes, associated);
    }

    /// <summary>Decrypts one content into <paramref name="stored"/>; false when it is not what was sealed for this very place.</summary>
    public bool TryOpenPayload(in SegmentName name, in Change change, ulong nonce, ReadOnlySpan<byte> sealedBytes, Span<byte> stored)
    {
        Span<byte> associated = stackalloc byte[AssociatedBytes];
        WritePayloadPlace(name, change, associated);
        return TryDecrypt(nonce, sealedBytes, stored, associated);
    }

    /// <summary>Encrypts an object's index; <paramref name="trailer"/> and the object's name are bound to it.</summary>
    public void SealIndex(in SegmentName name, ulong nonce, ReadOnlySpan<byte> trailer, ReadOnlySpan<byte> index, Span<byte> sealedBytes)
    {
        Span<byte> associated = stackalloc byte[AssociatedBytes + SegmentTrailer.Bytes];
        WriteName(name, IndexDomain, associated);
        trailer.CopyTo(associated[AssociatedBytes..]);
        Encrypt(nonce, index, sealedBytes, associated);
    }

    /// <summary>Decrypts an object's index; false when index, trailer or name are not those that were sealed.</summary>
    public bool TryOpenIndex(in SegmentName name, ulong nonce, ReadOnlySpan<byte> trailer, ReadOnlySpan<byte> sealedBytes, Span<byte> index)
    {
        Span<byte> associated = stackalloc byte[AssociatedBytes + SegmentTrailer.Bytes];
        WriteName(name, IndexDomain, associated);
        trailer.CopyTo(associated[AssociatedBytes..]);
        return TryDecrypt(nonce, sealedBytes, index, associated);
    }

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_key);
        while (_idle.TryTake(out AesGcm? cipher))
        {
            cipher.Dispose();
        }
    }

    private static void WriteName(in SegmentName name, byte domain, Span<byte> associated)
    {
        associated.Clear();
        name.DiskId.TryWriteBytes(associated);
        BinaryPrimitives.WriteInt32LittleEndian(associated[16..], name.Epoch);
        associated[20] = domain;
        associated[21] = (byte)name.Kind;
        if (domain == IndexDomain)
        {
            BinaryPrimitives.WriteInt64LittleEndian(associated[24..], name.FirstSequence);
            BinaryPrimitives.WriteInt64LittleEndian(associated[32..], name.LastSequence);
            BinaryPrimitives.WriteInt32LittleEndian(associated[40..], name.Generation);
        }
    }

    /// <summary>A content is bound to its place in the stream; which object it lies in is bound by the key and by the object's index.</summary>
    private static void WritePayloadPlace(in SegmentName name, in Change change, Span<byte> associated)
    {
        WriteName(name, PayloadDomain, associated);
        associated[22] = (byte)change.Kind;
        associated[23] = (byte)change.Encoding;
        BinaryPrimitives.WriteInt64LittleEndian(associated[24..], change.Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(associated[32..], change.Offset);
        BinaryPrimitives.WriteInt32LittleEndian(associated[40..], change.Length);
        BinaryPrimitives.WriteInt32LittleEndian(associated[44..], change.StoredLength);
        BinaryPrimitives.WriteUInt128LittleEndian(associated[48..], change.Hash);
    }

    private void Encrypt(ulong nonce, ReadOnlySpan<byte> plain, Span<byte> sealedBytes, ReadOnlySpan<byte> associated)
    {
        Span<byte> nonceBytes = stackalloc byte[NonceBytes];
        WriteNonce(nonce, nonceBytes);
        AesGcm cipher = Rent();
        cipher.Encrypt(nonceBytes, plain, sealedBytes[..plain.Length], sealedBytes.Slice(plain.Length, TagBytes), associated);
        _idle.Add(cipher);
    }

    private bool TryDecrypt(ulong nonce, ReadOnlySpan<byte> sealedBytes, Span<byte> plain, ReadOnlySpan<byte> associated)
    {
        Span<byte> nonceBytes = stackalloc byte[NonceBytes];
        WriteNonce(nonce, nonceBytes);
        AesGcm cipher = Rent();
        try
        {
            cipher.Decrypt(nonceBytes, sealedBytes[..plain.Length], sealedBytes.Slice(plain.Length, TagBytes), plain, associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        finally
        {
            _idle.Add(cipher);
        }
    }

    private AesGcm Rent()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _idle.TryTake(out AesGcm? cipher) ? cipher : new AesGcm(_key, TagBytes);
    }

    private static void WriteNonce(ulong counter, Span<byte> nonce)
    {
        nonce.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[4..], counter);
    }
}
