using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Processes;

namespace Asr.Module.Connections;

/// <summary>Makes and opens vaults through the appliance's program: the module knows no vault format and no key derivation.</summary>
internal static class VaultTool
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(60);

    public static Task<AsrVault> CreateAsync(string location, VaultSecrets secrets, CancellationToken cancellationToken) =>
        RunAsync("create", location, secrets, cancellationToken);

    /// <summary>Verifies the passphrase and tells the vault's pin and its appliances.</summary>
    public static Task<AsrVault> ShowAsync(string location, VaultSecrets secrets, CancellationToken cancellationToken) =>
        RunAsync("show", location, secrets, cancellationToken);

    private static Task<AsrVault> RunAsync(string action, string location, VaultSecrets secrets, CancellationToken cancellationToken)
    {
        List<string> arguments = new() { "vault", action, "--path", location };
        arguments.AddRange(secrets.Arguments);
        return ProductProcess.StartAsync<AsrVault>(ProductExecutable.CreateStart(ProductExecutable.Appliance, arguments.ToArray()), secrets, s_timeout, cancellationToken);
    }
}
