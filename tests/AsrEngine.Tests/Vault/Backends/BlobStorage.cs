using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Azure;
using Asr.Tests.Shared;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Asr.Engine.Tests.Vault.Backends;

/// <summary>A container of its own in Azurite.</summary>
public sealed class BlobStorage : VaultStorage
{
    private const int InsufficientStorage = 507;
    private const int NoSpace = 28;

    private readonly FaultyTransport _transport = new();
    private readonly Lazy<BlobContainerAddress> _address;
    private readonly Lazy<BlobContainerClient> _behind;

    public BlobStorage()
    {
        // Not before a test asks: the emulator may not be installed, and then it is the test that is skipped.
        _address = new Lazy<BlobContainerAddress>(() =>
        {
            BlobContainerAddress address = Azurite.NewContainer();
            address.Tune = options =>
            {
                options.Retry.MaxRetries = 2;
                options.Retry.Delay = TimeSpan.FromMilliseconds(1);
                options.Transport = _transport.AsPipeline();
            };
            return address;
        });
        _behind = new Lazy<BlobContainerClient>(() =>
        {
            BlobContainerClient container = new(Azurite.ConnectionString, new BlobUriBuilder(new Uri(_address.Value.Location)).BlobContainerName);
            container.CreateIfNotExists();
            return container;
        });
    }

    /// <inheritdoc/>
    public override Func<FileOperation, string, Exception?>? Fault { get; set; }

    /// <inheritdoc/>
    public override string Location => _address.Value.Location;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Files => [.. _behind.Value.GetBlobs().Select(static blob => $"/vault/{blob.Name}")];

    /// <summary>The address, to be opened in other ways.</summary>
    public BlobContainerAddress Address => _address.Value;

    /// <summary>What goes wrong on the way to the storage.</summary>
    internal FaultyTransport Transport => _transport;

    /// <inheritdoc/>
    public override Task<ICatalog> OpenCatalogAsync() => Task.FromResult<ICatalog>(new AzureCatalog(Connect()));

    /// <inheritdoc/>
    public override ISegmentStore OpenSegments() => new AzureSegmentStore(Connect());

    /// <inheritdoc/>
    public override Task<IVault> CreateAsync(string passphrase) => AzureVault.CreateAsync(Address, passphrase);

    /// <inheritdoc/>
    public override Task<IVault> OpenAsync(string passphrase) => AzureVault.OpenAsync(Address, passphrase);

    /// <inheritdoc/>
    public override byte[] Read(string path) => BlobOf(path).DownloadContent().Value.Content.ToArray();

    /// <inheritdoc/>
    public override void Write(string path, byte[] content)
    {
        // As damage would: everything but the content stays.
        IDictionary<string, string>? metadata = BlobOf(path).Exists() ? BlobOf(path).GetProperties().Value.Metadata : null;
        BlobOf(path).Upload(new MemoryStream(content), new BlobUploadOptions { Metadata = metadata });
    }

    /// <inheritdoc/>
    public override void Delete(string path) => BlobOf(path).Delete();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (_behind.IsValueCreated)
        {
            await _behind.Value.DeleteIfExistsAsync();
        }

        await base.DisposeAsync();
    }

    private BlobClient BlobOf(string path) => _behind.Value.GetBlobClient(path["/vault/".Length..]);

    private BlobContainerClient Connect()
    {
        _ = _behind.Value;
        _transport.Before = Meet;
        return Address.Connect();
    }

    /// <summary>What a file system says by its error numbers, the storage says by a status.</summary>
    private HttpResponseMessage? Meet(HttpRequestMessage request)
    {
        Exception? fault = Fault?.Invoke(OperationOf(request), $"/vault/{NameOf(request.RequestUri!)}");
        return fault is null ? null
            : fault.HResult is NoSpace ? new HttpResponseMessage((HttpStatusCode)InsufficientStorage)
            : throw new HttpRequestException(fault.Message, fault);
    }

    private static FileOperation OperationOf(HttpRequestMessage request) =>
        request.Method == HttpMethod.Put ? FileOperation.Create
        : request.Method == HttpMethod.Delete ? FileOperation.Delete
        : request.RequestUri!.Query.Contains("comp=list", StringComparison.Ordinal) ? FileOperation.List
        : FileOperation.Read;

    private static string NameOf(Uri uri) => new BlobUriBuilder(uri).BlobName;
}
