using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.Vault.Backends;

/// <summary>A folder of a simulated file system.</summary>
public sealed class FolderStorage : VaultStorage
{
    private readonly SimulatedFileLayer _files = new();

    /// <summary>The file system.</summary>
    public SimulatedFileLayer Layer => _files;

    /// <inheritdoc/>
    public override Func<FileOperation, string, Exception?>? Fault
    {
        get => _files.Fault;
        set => _files.Fault = value;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Files => _files.Files;

    /// <inheritdoc/>
    public override string Location => "/vault";

    /// <inheritdoc/>
    public override async Task<ICatalog> OpenCatalogAsync()
    {
        LocalCatalog catalog = new(_files, "/vault/catalog");
        await catalog.SweepAsync(CancellationToken.None);
        return catalog;
    }

    /// <inheritdoc/>
    public override ISegmentStore OpenSegments() => new LocalSegmentStore(_files, "/vault/disks");

    /// <inheritdoc/>
    public override Task<IVault> CreateAsync(string passphrase) => LocalVault.CreateAsync(Location, passphrase, new LocalVaultOptions { Files = _files });

    /// <inheritdoc/>
    public override Task<IVault> OpenAsync(string passphrase) => LocalVault.OpenAsync(Location, passphrase, new LocalVaultOptions { Files = _files });

    /// <inheritdoc/>
    public override byte[] Read(string path) => _files.ReadAll(path, int.MaxValue)!;

    /// <inheritdoc/>
    public override void Write(string path, byte[] content)
    {
        _files.Delete(path);
        _files.Create(path, content);
    }

    /// <inheritdoc/>
    public override void Delete(string path) => _files.Delete(path);
}
