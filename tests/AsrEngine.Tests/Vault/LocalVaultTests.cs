using System;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Vault;

public sealed class LocalVaultTests
{
    private const long DiskBytes = 1 << 20;
    private static readonly Guid DiskId = Guid.NewGuid();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Data_written_before_a_restart_is_read_after_it()
    {
        using TemporaryFolder folder = new();
        StreamPosition position;
        await using (IVault vault = await LocalVault.CreateAsync(folder.Path, "secret", cancellationToken: Cancel))
        await using (IReplicaWriter writer = await vault.TakeOverAsync(DiskId, Request(), Cancel))
        {
            await writer.AppendAsync(BatchMaker.Writes(DiskId, 1, 1, DiskBytes, (0, 4096, 1), (1024, 512, 2)), Cancel);
            await writer.AppendAsync(BatchMaker.Writes(DiskId, 1, 3, DiskBytes, (512, 1024, 3)), Cancel);
            position = await vault.GetHeadAsync(DiskId, Cancel);
        }

        Assert.Equal(new StreamPosition(1, 3), position);
        await using IVault again = await LocalVault.OpenAsync(folder.Path, "secret", cancellationToken: Cancel);
        Assert.Equal(position, await again.GetHeadAsync(DiskId, Cancel));
        Assert.Equal([1, 3, 3, 1], await ReadSectors(again, position));
        Assert.Equal([1, 1, 2, 1], await ReadSectors(again, new StreamPosition(1, 2)));
        Assert.Equal([1, 1, 1, 1], await ReadSectors(again, new StreamPosition(1, 1)));
        Assert.Equal([0, 0, 0, 0], await ReadSectors(again, default));
    }

    [Fact]
    public async Task A_wrong_passphrase_is_told_apart_from_damage()
    {
        using TemporaryFolder folder = new();
        await (await LocalVault.CreateAsync(folder.Path, "secret", cancellationToken: Cancel)).DisposeAsync();
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => LocalVault.OpenAsync(folder.Path, "Secret", cancellationToken: Cancel));
        Assert.Equal(AsrErrorCode.WrongPassphrase, error.Code);
    }

    [Fact]
    public async Task A_vault_of_a_newer_format_is_refused_and_left_alone()
    {
        using TemporaryFolder folder = new();
        await using (IVault vault = await LocalVault.CreateAsync(folder.Path, "secret", cancellationToken: Cancel))
        {
            CatalogDocument stored = (await vault.Catalog.ReadAsync(VaultDocument.Collection, VaultDocument.DocumentId, Cancel))!;
            VaultDocument newer = CatalogJson.Read<VaultDocument>(VaultDocument.Collection, stored) with { MinReader = VaultDocument.CurrentVersion + 1 };
            await vault.Catalog.WriteAsync(
                VaultDocument.Collection, VaultDocument.DocumentId, JsonSerializer.SerializeToUtf8Bytes(newer, AsrJson.Indented), stored.ETag, Cancel);
        }

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => LocalVault.OpenAsync(folder.Path, "secret", cancellationToken: Cancel));
        Assert.Equal(AsrErrorCode.VaultVersionUnsupported, error.Code);
    }

    [Fact]
    public async Task A_place_without_a_vault_is_named_and_a_vault_is_not_made_twice()
    {
        using TemporaryFolder folder = new();
        AsrException missing = await Assert.ThrowsAsync<AsrException>(() => LocalVault.OpenAsync(folder.Path, "secret", cancellationToken: Cancel));
        Assert.Equal((AsrErrorCode.VaultNotFound, folder.Path), (missing.Code, missing.Target));
        await (await LocalVault.CreateAsync(folder.Path, "secret", cancellationToken: Cancel)).DisposeAsync();
        AsrException twice = await Assert.ThrowsAsync<AsrException>(() => LocalVault.CreateAsync(folder.Path, "other", cancellationToken: Cancel));
        Assert.Equal(AsrErrorCode.AlreadyExists, twice.Code);
        await (await LocalVault.OpenAsync(folder.Path, "secret", cancellationToken: Cancel)).DisposeAsync();
    }

    [Fact]
    public async Task The_authority_is_the_one_the_vault_names()
    {
        using TemporaryFolder folder = new();
        await using IVault vault = await LocalVault.CreateAsync(folder.Path, "secret", cancellationToken: Cancel);
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
