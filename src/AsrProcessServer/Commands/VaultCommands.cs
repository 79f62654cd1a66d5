using System.CommandLine;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;
using Asr.ProcessServer.Configuration;

namespace Asr.ProcessServer.Commands;

/// <summary><c>asr-appliance vault create</c> and <c>vault show</c>: passphrase on stdin, <see cref="AsrVault"/> on stdout.</summary>
internal static class VaultCommands
{
    /// <summary>Makes the commands.</summary>
    public static Command Create()
    {
        Option<string> path = new("--path") { Description = "Folder of the vault.", Required = true };
        Command create = new("create", "Makes a vault in a folder. The passphrase is the first line of stdin.") { path };
        create.SetAction((parsed, cancellationToken) => Answers.RunAsync(() => CreateAsync(parsed.GetRequiredValue(path), cancellationToken)));
        Command show = new("show", "Verifies the passphrase (first line of stdin) and describes the vault and its appliances.") { path };
        show.SetAction((parsed, cancellationToken) => Answers.RunAsync(() => ShowAsync(parsed.GetRequiredValue(path), cancellationToken)));
        return new Command("vault", "Makes and describes vaults.") { create, show };
    }

    private static async Task CreateAsync(string path, CancellationToken cancellationToken)
    {
        string passphrase = await Passphrase.ReadAsync(file: null, cancellationToken);
        await using IVault vault = await LocalVault.CreateAsync(path, passphrase, cancellationToken: cancellationToken);
        Answers.Write(vault.Description);
    }

    private static async Task ShowAsync(string path, CancellationToken cancellationToken)
    {
        string passphrase = await Passphrase.ReadAsync(file: null, cancellationToken);
        await using IVault vault = await LocalVault.OpenAsync(path, passphrase, cancellationToken: cancellationToken);
        List<AsrAppliance> appliances = await ApplianceRegistration.ListAsync(vault.Catalog, cancellationToken);
        Answers.Write(vault.Description with { Appliances = appliances });
    }
}
