using System;
using System.Security.Cryptography;
using System.Text;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>Wraps and unwraps the vault's master key with the passphrase. Stateless.</summary>
internal static class MasterKey
{
    public const string Algorithm = "PBKDF2-SHA512";

    /// <summary>OWASP's figure for PBKDF2 with SHA-512 (2023); a vault with less was not made by this software.</summary>
    public const int IterationsMin = 210_000;

    /// <summary>A document may not make opening it take minutes.</summary>
    private const int IterationsMax = 20_000_000;

    private const int KeyBytes = 32;
    private const int SaltBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>Makes a master key and the parts of the vault document that hold it.</summary>
    public static (byte[] Key, KeyDerivation Derivation, byte[] Wrapped) Create(Guid vaultId, string passphrase)
    {
        if (passphrase.Length == 0)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, "The passphrase is empty.", "Choose one that cannot be guessed; without it the vault cannot be opened.");
        }

        KeyDerivation derivation = new() { Algorithm = Algorithm, Iterations = IterationsMin, Salt = RandomNumberGenerator.GetBytes(SaltBytes) };
        byte[] master = RandomNumberGenerator.GetBytes(KeyBytes);
        byte[] wrapped = new byte[NonceBytes + KeyBytes + TagBytes];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, NonceBytes));
        using AesGcm cipher = new(Derive(passphrase, derivation), TagBytes);
        cipher.Encrypt(wrapped.AsSpan(0, NonceBytes), master, wrapped.AsSpan(NonceBytes, KeyBytes), wrapped.AsSpan(NonceBytes + KeyBytes), Associated(vaultId));
        return (master, derivation, wrapped);
    }

    /// <summary>The master key; <see cref="AsrErrorCode.WrongPassphrase"/> when the passphrase does not open it.</summary>
    public static byte[] Unwrap(VaultDocument document, string passphrase)
    {
        KeyDerivation derivation = document.KeyDerivation;
        if (derivation.Algorithm != Algorithm
            || derivation.Iterations is < IterationsMin or > IterationsMax
            || derivation.Salt.Length < 16
            || document.WrappedMasterKey.Length != NonceBytes + KeyBytes + TagBytes)
        {
            throw new AsrException(
                AsrErrorCode.VaultDocumentCorrupt,
                $"The vault document names the key derivation {derivation.Algorithm} with {derivation.Iterations} rounds, which this software never wrote.",
                "Restore vault/vault from a copy of the vault.");
        }

        byte[] master = new byte[KeyBytes];
        ReadOnlySpan<byte> wrapped = document.WrappedMasterKey;
        using AesGcm cipher = new(Derive(passphrase, derivation), TagBytes);
        try
        {
            cipher.Decrypt(wrapped[..NonceBytes], wrapped.Slice(NonceBytes, KeyBytes), wrapped[(NonceBytes + KeyBytes)..], master, Associated(document.Id));
            return master;
        }
        catch (AuthenticationTagMismatchException error)
        {
            throw new AsrException(AsrErrorCode.WrongPassphrase, $"The passphrase does not open vault {document.Id}.", "Check the passphrase; no other key opens the vault.", document.Id.ToString(), error);
        }
    }

    private static byte[] Derive(string passphrase, KeyDerivation derivation) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(passphrase.Normalize(NormalizationForm.FormC)), derivation.Salt, derivation.Iterations, HashAlgorithmName.SHA512, KeyBytes);

    private static byte[] Associated(Guid vaultId) => Encoding.ASCII.GetBytes($"asr vault {vaultId:D} master key");
}
