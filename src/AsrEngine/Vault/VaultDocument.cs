using System;

namespace Asr.Engine.Vault;

/// <summary>The document that makes a place a vault (<c>vault/vault</c>); written last when one is created.</summary>
internal sealed record VaultDocument
{
    public const string Collection = "vault";
    public const string DocumentId = "vault";

    /// <summary>Newest format this software writes and reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Id.</summary>
    public Guid Id { get; init; }

    /// <summary>Format the vault was made with.</summary>
    public int FormatVersion { get; init; }

    /// <summary>Smallest version that may open it.</summary>
    public int MinReader { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>How the passphrase becomes a key.</summary>
    public KeyDerivation KeyDerivation { get; init; } = new();

    /// <summary>The master key, encrypted under that key: nonce, ciphertext, tag.</summary>
    public byte[] WrappedMasterKey { get; init; } = [];

    /// <summary>SHA-256 of the authority's certificate, upper-case hex.</summary>
    public string AuthorityFingerprint { get; init; } = "";
}

/// <summary>PBKDF2 and its parameters.</summary>
internal sealed record KeyDerivation
{
    /// <summary>Always <see cref="MasterKey.Algorithm"/>.</summary>
    public string Algorithm { get; init; } = "";

    /// <summary>Rounds.</summary>
    public int Iterations { get; init; }

    /// <summary>Random salt.</summary>
    public byte[] Salt { get; init; } = [];
}
