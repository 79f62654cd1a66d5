using System;
using System.Net.Http;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Connections;

namespace Asr.Module;

/// <summary>
/// A vault that has been opened with its passphrase and, once one is known, the appliance that serves it. Every cmdlet takes it as
/// -Connection. The operator's certificate and the secrets live in memory only. Safe for concurrent callers.
/// </summary>
public sealed class AsrConnection : IDisposable
{
    private static readonly HttpMethod s_patch = new("PATCH");

    private readonly SemaphoreSlim _enrolling = new(1, 1);
    private ApplianceChannel? _channel;
    private bool _disposed;

    internal AsrConnection(AsrVault vault, VaultSecrets secrets, Uri? appliance)
    {
        Vault = vault;
        Secrets = secrets;
        ApplianceUri = appliance;
        UserName = $"{Environment.UserName}@{Environment.MachineName}";
    }

    /// <summary>The vault, as it described itself when it was opened.</summary>
    public AsrVault Vault { get; }

    /// <summary>Where the vault is.</summary>
    public string VaultPath => Vault.Location;

    /// <summary>Control endpoint of the appliance, or null while none is known.</summary>
    public Uri? ApplianceUri { get; private set; }

    /// <summary>SHA-256 of the authority's certificate: what an appliance must prove to come from.</summary>
    public string AuthorityFingerprint => Vault.AuthorityFingerprint;

    /// <summary>The name in the job log.</summary>
    public string UserName { get; }

    /// <summary>When the operator's certificate ends; it is renewed by itself. Null before first use.</summary>
    public DateTimeOffset? CertificateExpires => _channel?.CertificateExpires;

    /// <summary>What opens the vault; the connection owns it.</summary>
    internal VaultSecrets Secrets { get; }

    /// <summary>Turns to another appliance (or to none); the next request enrolls there.</summary>
    internal void UseAppliance(Uri? appliance)
    {
        ApplianceUri = appliance;
        Interlocked.Exchange(ref _channel, null)?.Dispose();
    }

    internal Task<T> GetAsync<T>(string path, CancellationToken cancellationToken) =>
        ExpectAsync<T>(HttpMethod.Get, path, null, repeatable: true, cancellationToken);

    /// <summary>Posts; <paramref name="repeatable"/> is true when posting twice is harmless.</summary>
    internal Task<T> PostAsync<T>(string path, object? body, bool repeatable, CancellationToken cancellationToken) =>
        ExpectAsync<T>(HttpMethod.Post, path, body, repeatable, cancellationToken);

    internal Task<T> PutAsync<T>(string path, object body, bool repeatable, CancellationToken cancellationToken) =>
        ExpectAsync<T>(HttpMethod.Put, path, body, repeatable, cancellationToken);

    /// <summary>Changes a part of something; doing it twice is harmless.</summary>
    internal Task<T> PatchAsync<T>(string path, object body, CancellationToken cancellationToken) =>
        ExpectAsync<T>(s_patch, path, body, repeatable: true, cancellationToken);

    internal Task DeleteAsync(string path, CancellationToken cancellationToken) =>
        SendAsync<object>(HttpMethod.Delete, path, null, repeatable: true, cancellationToken);

    internal Task PostAsync(string path, CancellationToken cancellationToken) =>
        SendAsync<object>(HttpMethod.Post, path, null, repeatable: true, cancellationToken);

    /// <summary>Forgets certificate and secrets. The appliance goes on.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            UseAppliance(null);
            Secrets.Dispose();
        }
    }

    /// <summary>The vault and its appliance in one line.</summary>
    public override string ToString() => ApplianceUri is null ? VaultPath : $"{VaultPath} at {ApplianceUri}";

    private async Task<T> ExpectAsync<T>(HttpMethod method, string path, object? body, bool repeatable, CancellationToken cancellationToken) =>
        await SendAsync<T>(method, path, body, repeatable, cancellationToken).ConfigureAwait(false)
        ?? throw new AsrException(AsrErrorCode.Internal, $"The appliance answered {method} {path} with nothing.", target: path);

    private async Task<T?> SendAsync<T>(HttpMethod method, string path, object? body, bool repeatable, CancellationToken cancellationToken)
    {
        ApplianceChannel channel = await GetChannelAsync(null, cancellationToken).ConfigureAwait(false);
        try
        {
            return await channel.SendAsync<T>(method, path, body, repeatable, cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException error) when (error.Code is AsrErrorCode.Unauthenticated or AsrErrorCode.CertificateExpired)
        {
            // The certificate is short-lived; the request was refused unread, so it may be sent again.
            channel = await GetChannelAsync(channel, cancellationToken).ConfigureAwait(false);
            return await channel.SendAsync<T>(method, path, body, repeatable, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The enrolled channel; a new one when there is none yet, or when it is <paramref name="refused"/>.</summary>
    private async Task<ApplianceChannel> GetChannelAsync(ApplianceChannel? refused, CancellationToken cancellationToken)
    {
        if (_disposed)
        {
            throw new AsrException(AsrErrorCode.NotConnected, "The connection has been closed.", "Run Connect-AsrVault again.", VaultPath);
        }

        Uri appliance = ApplianceUri ?? throw new AsrException(
            AsrErrorCode.ApplianceUnreachable,
            $"No running appliance is known for the vault at {VaultPath}.",
            "Start one with Start-AsrAppliance, or name one with Connect-AsrVault -ApplianceUri.",
            VaultPath);
        await _enrolling.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_channel is null || ReferenceEquals(_channel, refused))
            {
                ApplianceChannel enrolled = await EnrollAsync(appliance, cancellationToken).ConfigureAwait(false);
                Interlocked.Exchange(ref _channel, enrolled)?.Dispose();
            }

            return _channel!;
        }
        finally
        {
            _enrolling.Release();
        }
    }

    private async Task<ApplianceChannel> EnrollAsync(Uri appliance, CancellationToken cancellationToken)
    {
        try
        {
            AuthorityTrust trust = await AuthorityTrust.FetchAsync(appliance, AuthorityFingerprint, cancellationToken).ConfigureAwait(false);
            using ApplianceChannel stranger = new(appliance, trust, certificate: null);
            EnrollOperatorRequest request = new() { Passphrase = Secrets.RevealPassphrase(), UserName = UserName };
            EnrollOperatorResponse? response = await stranger
                .SendAsync<EnrollOperatorResponse>(HttpMethod.Post, AsrRoutes.EnrollOperator, request, repeatable: true, cancellationToken)
                .ConfigureAwait(false);
            return new ApplianceChannel(appliance, trust, new X509Certificate2(Convert.FromBase64String(response?.Pkcs12 ?? "")));
        }
        catch (Exception error) when (ApplianceChannel.IsNetworkFailure(error, cancellationToken))
        {
            throw ApplianceChannel.Unreachable(appliance, error);
        }
    }
}
