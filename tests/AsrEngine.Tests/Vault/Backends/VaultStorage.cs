using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Asr.Engine.Vault;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.Vault.Backends;

/// <summary>
/// The storage of a vault for tests of its behaviour, which must be the same wherever it is. What is stored has names as files have, <c>/vault/catalog/...</c> and
/// <c>/vault/disks/...</c>, and can be damaged, removed and made to fail behind the vault's back.
/// </summary>
public abstract class VaultStorage : IAsyncDisposable
{
    /// <summary>Asked before every operation; what it returns is how the storage fails.</summary>
    public abstract Func<FileOperation, string, Exception?>? Fault { get; set; }

    /// <summary>The names of all that is stored.</summary>
    public abstract IReadOnlyList<string> Files { get; }

    /// <summary>The documents.</summary>
    public abstract Task<ICatalog> OpenCatalogAsync();

    /// <summary>The objects.</summary>
    public abstract ISegmentStore OpenSegments();

    /// <summary>Makes a vault as a user does.</summary>
    public abstract Task<IVault> CreateAsync(string passphrase);

    /// <summary>Opens it.</summary>
    public abstract Task<IVault> OpenAsync(string passphrase);

    /// <summary>Where errors say that the vault is.</summary>
    public abstract string Location { get; }

    /// <summary>Whole content.</summary>
    public abstract byte[] Read(string path);

    /// <summary>Creates or replaces.</summary>
    public abstract void Write(string path, byte[] content);

    /// <summary>Removes.</summary>
    public abstract void Delete(string path);

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }

    /// <summary>Flips one bit, counted from the beginning.</summary>
    public void FlipBit(string path, long bit)
    {
        byte[] content = [.. Read(path)];
        content[bit / 8] ^= (byte)(1 << (int)(bit % 8));
        Write(path, content);
    }
}
