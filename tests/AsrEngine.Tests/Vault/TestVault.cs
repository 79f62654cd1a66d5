using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Tests.Vault.Backends;
using Asr.Engine.Tests.Workloads;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;

namespace Asr.Engine.Tests.Vault;

/// <summary>A vault on any file layer without a passphrase, whose derivation is slow on purpose, and without caches unless asked for, so that reads meet the files.</summary>
internal static class TestVault
{
    public static Task<SealedVault> OpenAsync(IFileLayer files, int indexRunSegments = 1000, IFileLayer? spool = null, long spoolBytesMax = 1 << 20, long cacheBytes = 0) =>
        OpenAsync(files, new byte[32], new SealedVaultOptions { IndexRunSegments = indexRunSegments, CacheBytes = cacheBytes }, spool, spoolBytesMax, TimeProvider.System);

    /// <summary>The same on storage of any kind; the spool is in files in any case.</summary>
    public static async Task<SealedVault> OpenAsync(VaultStorage storage, int indexRunSegments = 1000, IFileLayer? spool = null, long spoolBytesMax = 1 << 20, long cacheBytes = 0) =>
        await ComposeAsync(
            await storage.OpenCatalogAsync(),
            storage.OpenSegments(),
            new byte[32],
            new SealedVaultOptions { IndexRunSegments = indexRunSegments, CacheBytes = cacheBytes },
            spool,
            spoolBytesMax,
            TimeProvider.System);

    /// <summary>The vault of a script.</summary>
    public static Task<SealedVault> OpenAsync(IFileLayer files, ScriptOptions options) => OpenAsync(
        files, options.MasterKey, new SealedVaultOptions { IndexRunSegments = options.IndexRunSegments, CacheBytes = 0 }, options.HasSpool ? files : null, 1 << 20, new HastyTime());

    private static async Task<SealedVault> OpenAsync(
        IFileLayer files, byte[] masterKey, SealedVaultOptions options, IFileLayer? spool, long spoolBytesMax, TimeProvider time)
    {
        LocalCatalog catalog = new(files, "/vault/catalog");
        await catalog.SweepAsync(CancellationToken.None);
        return await ComposeAsync(catalog, new LocalSegmentStore(files, "/vault/disks"), masterKey, options, spool, spoolBytesMax, time);
    }

    private static async Task<SealedVault> ComposeAsync(
        ICatalog catalog, ISegmentStore segments, byte[] masterKey, SealedVaultOptions options, IFileLayer? spool, long spoolBytesMax, TimeProvider time)
    {
        if (spool is not null)
        {
            segments = await SpoolingSegmentStore.OpenAsync(segments, new LocalSegmentStore(spool, "/spool"), spoolBytesMax, time, CancellationToken.None);
        }

        return new SealedVault(catalog, segments, new SecretBox(masterKey), new AsrVault(), time, options);
    }
}
