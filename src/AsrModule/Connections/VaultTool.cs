using System;
using System.Net;
using System.Security;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Processes;

namespace Asr.Module.Connections;

/// <summary>Makes and opens vaults through the appliance's program: the module knows no vault format and no key derivation.</summary>
internal static class VaultTool
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(60);

    public static Task<AsrVault> CreateAsync(string path, SecureString passphrase, CancellationToken cancellationToken) =>
        RunAsync("create", path, passphrase, cancellationToken);

    /// <summary>Verifies the passphrase and tells the vault's pin and its appliances.</summary>
    public static Task<AsrVault> ShowAsync(string path, SecureString passphrase, CancellationToken cancellationToken) =>
        RunAsync("show", path, passphrase, cancellationToken);

    private static Task<AsrVault> RunAsync(string action, string path, SecureString passphrase, CancellationToken cancellationToken) =>
        ProductProcess.StartAsync<AsrVault>(
            ProductExecutable.CreateStart(ProductExecutable.Appliance, "vault", action, "--path", path),
            new NetworkCredential("", passphrase).Password,
            s_timeout,
            cancellationToken);
}
