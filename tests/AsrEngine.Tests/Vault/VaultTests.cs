using System;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Tests.Vault.Backends;
using Asr.Engine.Vault;
using Xunit;

namespace Asr.Engine.Tests.Vault;

public abstract class VaultTests(VaultStorage storage) : VaultTest(storage)
{
    private const long DiskBytes = 1 << 20;
    private static readonly Guid DiskId = Guid.NewGuid();

    [Fact]
    public async Task Data_written_before_a_restart_is_read_after_it()
    {
        StreamPosition position;
        await using (IVault vault = await Storage.CreateAsync("secret"))
        await using (IReplicaWriter writer = await vault.TakeOverAsync(DiskId, Request(), Cancel))
        {
            await writer.AppendAsync(BatchMaker.Writes(DiskId, 1, 1, DiskBytes, (0, 4096, 1), (1024, 512, 2)), Cancel);
            await writer.AppendAsync(BatchMaker.Writes(DiskId, 1, 3, DiskBytes, (512, 1024, 3)), Cancel);
            position = await vault.GetHeadAsync(DiskId, Cancel);
        }

        Assert.Equal(new StreamPosition(1, 3), position);
        await using IVault again = await Storage.OpenAsync("secret");
        Assert.Equal(position, await again.GetHeadAsync(DiskId, Cancel));
        Assert.Equal([1, 3, 3, 1], await ReadSectors(again, position));
        Assert.Equal([1, 1, 2, 1], await ReadSectors(again, new StreamPosition(1, 2)));
        Assert.Equal([1, 1, 1, 1], await ReadSectors(again, new StreamPosition(1, 1)));
        Assert.Equal([0, 0, 0, 0], await ReadSectors(again, default));
    }

    [Fact]
    public async Task A_wrong_passphrase_is_told_apart_from_damage()
    {
        await (await Storage.CreateAsync("secret")).DisposeAsync();
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => Storage.OpenAsync("Secret"));
        Assert.Equal(AsrErrorCode.WrongPassphrase, error.Code);
    }

    [Fact]
    public async Task A_vault_of_a_newer_format_is_refused_and_left_alone()
    {
        await using (IVault vault = await Storage.CreateAsync("secret"))
        {
            CatalogDocument stored = (await vault.Catalog.ReadAsync(VaultDocument.Collection, VaultDocument.DocumentId, Cancel))!;
            VaultDocument newer = CatalogJson.Read<VaultDocument>(VaultDocument.Collection, stored) with { MinReader = VaultDocument.CurrentVersion + 1 };
            await vault.Catalog.WriteAsync(
                VaultDocument.Collection, VaultDocument.DocumentId, JsonSerializer.SerializeToUtf8Bytes(newer, AsrJson.Indented), stored.ETag, Cancel);
        }

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => Storage.OpenAsync("secret"));
        Assert.Equal(AsrErrorCode.VaultVersionUnsupported, error.Code);
    }

    [Fact]
    public async Task A_place_without_a_vault_is_named_and_a_vault_is_not_made_twice()
    {
        AsrException missing = await Assert.ThrowsAsync<AsrException>(() => Storage.OpenAsync("secret"));
        Assert.Equal((AsrErrorCode.VaultNotFound, Storage.Location), (missing.Code, missing.Target));
        await (await Storage.CreateAsync("secret")).DisposeAsync();
        AsrException twice = await Assert.ThrowsAsync<AsrException>(() => Storage.CreateAsync("other"));
        Assert.Equal(AsrErrorCode.AlreadyExists, twice.Code);
        await (await Storage.OpenAsync("secret")).DisposeAsync();
    }

    [Fact]
    public async Task The_authority_is_the_one_the_vault_names()
    {
        await using IVault vault = await Storage.CreateAsync("secret");
        using X509Certificate2 authority = await VaultAuthority.LoadAsync(vault, Cancel);
        Assert.True(authority.HasPrivateKey);
        Assert.Equal(vault.Description.AuthorityFingerprint, VaultAuthority.Fingerprint(authority));
    }

    private static OpenSessionRequest Request() => new() { Nonce = Guid.NewGuid(), MachineId = Guid.NewGuid(), SizeBytes = DiskBytes };

    /// <summary>First byte of each of the first four sectors.</summary>
    private static async Task<byte[]> ReadSectors(IVault vault, StreamPosition position)
    {
        await using IBlockDevice image = await vault.OpenAsync(DiskId, position, Cancel);
        byte[] content = new byte[2048];
        await image.ReadAsync(0, content, Cancel);
        return [content[0], content[512], content[1024], content[1536]];
    }
}

/// <summary>In a folder.</summary>
public sealed class FolderVaultTests() : VaultTests(new FolderStorage());

/// <summary>In Azure Storage.</summary>
public sealed class BlobVaultTests() : VaultTests(new BlobStorage());
