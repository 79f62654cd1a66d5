using System;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Azure;
using Asr.Tests.Shared;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using Xunit;

namespace Asr.Engine.Tests.Vault.Azure;

/// <summary>Addresses of containers, who is let in, and that no secret is ever told.</summary>
public sealed class BlobContainerAddressTests
{
    private const string Signature = "?sv=2024-01-01&sr=c&sp=rwdl&sig=c2VjcmV0c2VjcmV0";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("https://account.blob.core.windows.net/vault", null)]
    [InlineData("https://account.blob.core.windows.net/vault/", null)]
    [InlineData("https://account.blob.core.windows.net/vault" + Signature, null)]
    [InlineData("https://account.blob.core.windows.net/vault", Signature)]
    [InlineData("https://account.blob.core.windows.net/vault", "DefaultEndpointsProtocol=https;AccountName=account;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net")]
    public void An_address_is_told_without_its_secret(string location, string? secret)
    {
        BlobContainerAddress address = BlobContainerAddress.Parse(location, secret);
        Assert.Equal("https://account.blob.core.windows.net/vault", address.Location);
        Assert.Equal("vault", address.Connect().Name);
    }

    [Theory]
    [InlineData("/folder", null)]
    [InlineData("https://account.blob.core.windows.net/", null)]
    [InlineData("https://account.blob.core.windows.net/vault/blob", null)]
    [InlineData("http://account.blob.core.windows.net/vault" + Signature, null)]
    [InlineData("https://account.blob.core.windows.net/vault", "c2VjcmV0c2VjcmV0")]
    [InlineData("https://account.blob.core.windows.net/vault" + Signature, Signature)]
    [InlineData("https://account.blob.core.windows.net/vault", "AccountName=account;AccountKey=not base 64 c2VjcmV0c2VjcmV0")]
    [InlineData("https://account.blob.core.windows.net/vault", "DefaultEndpointsProtocol=https;AccountName=other;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net")]
    public void What_names_no_container_or_another_account_is_refused_without_telling_the_secret(string location, string? secret)
    {
        AsrException error = Assert.Throws<AsrException>(() => BlobContainerAddress.Parse(location, secret));
        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
        Assert.DoesNotContain("c2VjcmV0", error.ToString() + error.Target + error.Action, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signature_opens_the_vault_and_a_wrong_one_is_refused_without_telling_it()
    {
        string name = Azurite.NewName();
        BlobContainerClient container = new(Azurite.ConnectionString, name);
        await container.CreateAsync(cancellationToken: Cancel);
        Uri signed = container.GenerateSasUri(BlobContainerSasPermissions.All, TimeProvider.System.GetUtcNow().AddHours(1));
        await (await AzureVault.CreateAsync(BlobContainerAddress.Parse(signed.AbsoluteUri, null), "secret", cancellationToken: Cancel)).DisposeAsync();
        await using IVault vault = await AzureVault.OpenAsync(
            BlobContainerAddress.Parse(container.Uri.AbsoluteUri, signed.Query), "secret", cancellationToken: Cancel);
        Assert.Equal(container.Uri.AbsoluteUri, vault.Description.Location);

        string wrong = signed.Query.Replace("sig=", "sig=AAAA", StringComparison.Ordinal);
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => AzureVault.OpenAsync(BlobContainerAddress.Parse(container.Uri.AbsoluteUri, wrong), "secret", cancellationToken: Cancel));
        Assert.Equal(AsrErrorCode.VaultUnavailable, error.Code);
        Assert.Contains("credentials", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("AAAA", error.ToString(), StringComparison.Ordinal);
        await container.DeleteAsync(cancellationToken: Cancel);
    }

    [Fact]
    public void The_checksum_is_the_one_of_the_storage()
    {
        // The check value of CRC-64/NVME, and the same in pieces.
        StorageCrc64 crc = new();
        crc.Append(Encoding.ASCII.GetBytes("123456789"));
        Assert.Equal(0xAE8B14860A799888, crc.Value);
        byte[] content = new byte[1000];
        new Random(1).NextBytes(content);
        StorageCrc64 whole = new();
        whole.Append(content);
        for (int cut = 0; cut < content.Length; cut += 7)
        {
            StorageCrc64 parts = new();
            parts.Append(content.AsSpan(0, cut));
            parts.Append(content.AsSpan(cut));
            Assert.Equal(whole.Value, parts.Value);
        }
    }
}
