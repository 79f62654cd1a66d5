using System;
using Asr.Contracts;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage.Blobs;

namespace Asr.Engine.Vault.Azure;

/// <summary>
/// A container of blobs and how to be let in: by the machine's identity, or by a secret, which is a shared access signature or a connection string. What is told of it,
/// <see cref="Location"/>, never has the secret.
/// </summary>
public sealed class BlobContainerAddress
{
    /// <summary>Requests that have failed for the moment are repeated so many times, with growing pauses. Then a spool takes over.</summary>
    private const int RetriesMax = 4;

    // The storage may ask for a longer one (Retry-After).
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan s_pauseMax = TimeSpan.FromSeconds(10);

    private readonly Uri _container;
    private readonly string? _secret;

    private BlobContainerAddress(Uri container, string? secret)
    {
        _container = container;
        _secret = secret;
    }

    /// <summary>The container's address as people name it.</summary>
    public string Location => _container.AbsoluteUri;

    /// <summary>Changes how requests are made, for tests.</summary>
    internal Action<BlobClientOptions>? Tune { get; set; }

    /// <summary>
    /// Takes an address apart. Throws <see cref="AsrErrorCode.InvalidArgument"/> for one that is no container's, and for a secret that is for another account.
    /// </summary>
    /// <param name="location">The container's URI, with a shared access signature perhaps.</param>
    /// <param name="secret">A shared access signature or a connection string; null for the machine's identity, or the signature in the address.</param>
    public static BlobContainerAddress Parse(string location, string? secret)
    {
        if (!Uri.TryCreate(location, UriKind.Absolute, out Uri? uri) || !VaultLocation.IsContainer(location) || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0)
        {
            throw new AsrException(
                AsrErrorCode.InvalidArgument, "The address of the vault's container is no URI of a container.", "Give it as https://ACCOUNT.blob.core.windows.net/CONTAINER.");
        }

        Uri container = new UriBuilder(uri) { Query = "", Path = uri.AbsolutePath.TrimEnd('/') }.Uri;
        string name = new BlobUriBuilder(container).BlobContainerName;
        if (name.Length == 0 || new BlobUriBuilder(container).BlobName.Length > 0)
        {
            throw Invalid(container, "names no container", "Give it as https://ACCOUNT.blob.core.windows.net/CONTAINER.");
        }

        if (uri.Scheme != Uri.UriSchemeHttps && !uri.IsLoopback)
        {
            throw Invalid(container, "is not protected", "Use https; http is for an emulator on this machine.");
        }

        string? signature = uri.Query.Length > 1 ? uri.Query[1..] : null;
        if (signature is not null && secret is not null)
        {
            throw Invalid(container, "has a signature and another secret was given", "Give one of them.");
        }

        BlobContainerAddress address = new(container, secret ?? signature);
        address.CheckSecret();
        return address;
    }

    /// <summary>A client of the container; nothing is asked of the storage yet.</summary>
    internal BlobContainerClient Connect()
    {
        BlobClientOptions options = new();
        options.Retry.Mode = RetryMode.Exponential;
        options.Retry.MaxRetries = RetriesMax;
        options.Retry.Delay = s_firstPause;
        options.Retry.MaxDelay = s_pauseMax;
        options.AddPolicy(new TransferTimePolicy(), HttpPipelinePosition.PerCall);
        options.AddPolicy(new ContentChecksumPolicy(), HttpPipelinePosition.PerCall);
        options.Diagnostics.IsLoggingContentEnabled = false;
        options.Diagnostics.IsTelemetryEnabled = false;
        Tune?.Invoke(options);
        return _secret switch
        {
            null => new BlobContainerClient(_container, new DefaultAzureCredential(), options),
            _ when IsConnectionString(_secret) => new BlobContainerClient(_secret, new BlobUriBuilder(_container).BlobContainerName, options),
            _ => new BlobContainerClient(_container, new AzureSasCredential(_secret.TrimStart('?')), options),
        };
    }

    private static bool IsConnectionString(string secret) =>
        secret.Contains("AccountKey=", StringComparison.OrdinalIgnoreCase) || secret.Contains("SharedAccessSignature=", StringComparison.OrdinalIgnoreCase)
        || secret.Contains("UseDevelopmentStorage=", StringComparison.OrdinalIgnoreCase);

    private static AsrException Invalid(Uri container, string what, string action) =>
        new(AsrErrorCode.InvalidArgument, $"The address '{container}' {what}.", action, container.AbsoluteUri);

    private void CheckSecret()
    {
        if (_secret is null)
        {
            return;
        }

        if (!IsConnectionString(_secret))
        {
            if (!_secret.Contains("sig=", StringComparison.Ordinal))
            {
                throw Invalid(_container, "came with a secret that is neither a shared access signature nor a connection string", "Copy it from the portal again, without line breaks.");
            }

            return;
        }

        Uri told;
        try
        {
            told = new BlobContainerClient(_secret, new BlobUriBuilder(_container).BlobContainerName).Uri;
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            // Not as the inner error: its text may have parts of the secret.
            throw Invalid(_container, "came with a connection string that is none", "Copy it from the portal again, without line breaks.");
        }

        // Or a mistake would make a vault in another account than the one that was named.
        if (Uri.Compare(told, _container, UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) != 0)
        {
            throw Invalid(_container, $"came with a connection string for '{told.GetLeftPart(UriPartial.Authority)}'", "Give the connection string of the container's account.");
        }
    }
}
