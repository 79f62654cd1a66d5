using System;
using System.Collections.Generic;
using System.Net;
using System.Security;

namespace Asr.Module.Connections;

/// <summary>A vault's passphrase and, for a container, what its storage asks for: in memory only. Owns its copies.</summary>
internal sealed class VaultSecrets : IDisposable
{
    private const string StorageSecretOption = "--storage-secret";

    private readonly SecureString _passphrase;
    private readonly SecureString? _storage;

    public VaultSecrets(SecureString passphrase, SecureString? storage)
    {
        _passphrase = passphrase.Copy();
        _passphrase.MakeReadOnly();
        _storage = storage?.Copy();
        _storage?.MakeReadOnly();
    }

    /// <summary>What tells the product's programs to expect the storage's secret; nothing when there is none.</summary>
    public IEnumerable<string> Arguments => _storage is null ? Array.Empty<string>() : new[] { StorageSecretOption };

    public string RevealPassphrase() => new NetworkCredential("", _passphrase).Password;

    /// <summary>As the product's programs read them from standard input.</summary>
    public IEnumerable<string> RevealLines()
    {
        yield return RevealPassphrase();
        if (_storage is not null)
        {
            yield return new NetworkCredential("", _storage).Password;
        }
    }

    public void Dispose()
    {
        _passphrase.Dispose();
        _storage?.Dispose();
    }
}
