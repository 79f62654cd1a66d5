using System;
using System.Reflection;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.ProcessServer.Hosting;

namespace Asr.ProcessServer.Configuration;

/// <summary>How the appliance describes itself. Safe for concurrent callers.</summary>
internal sealed class ApplianceDescription(IVault vault, CertificateIssuer issuer, ApplianceEndpoints endpoints, TimeProvider time)
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    /// <summary>The product's version, without the revision the compiler adds to it.</summary>
    public static string Version { get; } =
        (typeof(ApplianceDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0").Split('+')[0];

    /// <summary>The description as of now. Only after the listeners are bound.</summary>
    public AsrAppliance Describe() => new()
    {
        Version = Version,
        VaultId = vault.Description.Id,
        VaultLocation = vault.Description.Location,
        ControlEndpoint = endpoints.Control,
        DataEndpoint = endpoints.Data,
        ProcessId = Environment.ProcessId,
        StartedAt = _startedAt,
        AuthorityFingerprint = issuer.AuthorityFingerprint,
        SpoolBytes = vault.SpoolBytes,
    };
}
