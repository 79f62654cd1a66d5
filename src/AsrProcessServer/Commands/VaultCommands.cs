using System.CommandLine;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.ProcessServer.Configuration;

namespace Asr.ProcessServer.Commands;

/// <summary><c>asr-appliance vault create</c> and <c>vault show</c>: passphrase on stdin, <see cref="AsrVault"/> on stdout.</summary>
internal static class VaultCommands
{
    /// <summary>Makes the commands.</summary>
    public static Command Create()
    {
        Option<string> path = new("--path") { Description = "Folder of the vault, or the URI of its container in Azure Storage.", Required = true };
        Option<bool> storageSecret = CreateStorageSecretOption();
        Command create = new("create", "Makes a vault. The passphrase is the first line of stdin.") { path, storageSecret };
        create.SetAction((parsed, cancellationToken) => Answers.RunAsync(() => CreateAsync(parsed.GetRequiredValue(path), parsed.GetValue(storageSecret), cancellationToken)));
        Command show = new("show", "Verifies the passphrase (first line of stdin) and describes the vault and its appliances.") { path, storageSecret };
        show.SetAction((parsed, cancellationToken) => Answers.RunAsync(() => ShowAsync(parsed.GetRequiredValue(path), parsed.GetValue(storageSecret), cancellationToken)));
        return new Command("vault", "Makes and describes vaults.") { create, show };
    }

    /// <summary>Announces the second line, so that no one who has no secret is asked for it.</summary>
    public static Option<bool> CreateStorageSecretOption() => new(VaultSecrets.StorageSecretOption)
    {
        Description = "The line after the passphrase is a shared access signature or a connection string for the container; else the environment, or the machine's identity.",
    };

    private static async Task CreateAsync(string path, bool hasStorageSecret, CancellationToken cancellationToken)
    {
        VaultSecrets secrets = await VaultSecrets.ReadAsync(path, file: null, hasStorageSecret, cancellationToken);
        await using IVault vault = await VaultSource.Parse(path, secrets.Storage).CreateAsync(secrets.Passphrase, cancellationToken);
        Answers.Write(vault.Description);
    }

    private static async Task ShowAsync(string path, bool hasStorageSecret, CancellationToken cancellationToken)
    {
        VaultSecrets secrets = await VaultSecrets.ReadAsync(path, file: null, hasStorageSecret, cancellationToken);
        await using IVault vault = await VaultSource.Parse(path, secrets.Storage).OpenAsync(secrets.Passphrase, spoolFolder: null, cancellationToken);
        List<AsrAppliance> appliances = await ApplianceRegistration.ListAsync(vault.Catalog, cancellationToken);
        Answers.Write(vault.Description with { Appliances = appliances });
    }
}
