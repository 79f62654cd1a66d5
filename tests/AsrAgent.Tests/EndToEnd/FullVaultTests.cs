using System;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>A vault whose storage has no space left, under the real processes.</summary>
public sealed class FullVaultTests
{
    [Fact]
    public async Task A_full_vault_is_named_holds_up_no_write_and_loses_nothing()
    {
        await using SmallVolume volume = await SmallVolume.MountAsync(mebibytes: 24);
        await using DrSite site = await DrSite.StartProtectedAsync(vaultPath: Path.Combine(volume.Path, "vault"));
        await using IBlockDevice disk = await site.OpenDiskAsync();
        for (int round = 0; round < 3; round++)
        {
            for (long offset = 0; offset < disk.Length; offset += 1 << 20)
            {
                await DrSite.WriteAsync(disk, offset, 1 << 20);
            }
        }

        await Eventually.SeeAsync(
            "the full vault to be reported, or the spool to hold what does not fit",
            async () => (Machine: await site.MachineAsync(), Appliance: await site.Operator.GetApplianceAsync()),
            seen => seen.Appliance.SpoolBytes > 0 || JsonSerializer.Serialize(seen.Machine, AsrJson.Options).Contains(nameof(AsrErrorCode.VaultFull), StringComparison.Ordinal));
        await volume.ResizeAsync(mebibytes: 256);

        await site.RequireDrillEqualsSourceAsync((await site.PointAfterNowAsync()).Id);
    }
}
