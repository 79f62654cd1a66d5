using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;

namespace Asr.Engine.Tests.Vault;

/// <summary>A vault on any file layer without a passphrase, whose derivation is slow on purpose.</summary>
internal static class TestVault
{
    public static async Task<SealedVault> OpenAsync(IFileLayer files, int checkpointSegments = 1000, IFileLayer? spool = null, long spoolBytesMax = 1 << 20)
    {
        LocalCatalog catalog = new(files, "/vault/catalog");
        await catalog.SweepAsync(CancellationToken.None);
        ISegmentStore segments = new LocalSegmentStore(files, "/vault/disks");
        if (spool is not null)
        {
            segments = await SpoolingSegmentStore.OpenAsync(segments, new LocalSegmentStore(spool, "/spool"), spoolBytesMax, TimeProvider.System, CancellationToken.None);
        }

        return new SealedVault(catalog, segments, new SecretBox(new byte[32]), new AsrVault(), TimeProvider.System, checkpointSegments);
    }
}
