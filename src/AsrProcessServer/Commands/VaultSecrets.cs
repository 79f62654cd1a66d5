using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.ProcessServer.Commands;

/// <summary>
/// Passphrase and, for a container, what its storage asks for. Never from an argument, which other users of the machine may see; the storage's secret may come from the
/// environment too, where Azure's own tools look for it.
/// </summary>
/// <param name="Passphrase">The vault's passphrase.</param>
/// <param name="Storage">A shared access signature or a connection string; null for the machine's identity.</param>
internal sealed record VaultSecrets(string Passphrase, string? Storage)
{
    /// <summary>What the option that announces a second line is called.</summary>
    public const string StorageSecretOption = "--storage-secret";

    private const int PassphraseCharsMax = 1_024;
    private const int StorageCharsMax = 8_192;

    private static readonly string[] s_variables = ["AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_SAS_TOKEN"];

    /// <summary>Reads them from the first lines of a file, or of stdin when there is none.</summary>
    public static async Task<VaultSecrets> ReadAsync(string location, FileInfo? file, bool hasStorageSecret, CancellationToken cancellationToken)
    {
        string where = file is null ? "stdin" : file.FullName;
        string? passphrase;
        string? storage = null;
        try
        {
            using TextReader reader = file is null ? Console.In : file.OpenText();
            passphrase = await reader.ReadLineAsync(cancellationToken);
            if (hasStorageSecret)
            {
                storage = await reader.ReadLineAsync(cancellationToken);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"The passphrase cannot be read from {where}: {error.Message}", "Name a file this account may read.", file?.FullName, error);
        }

        CheckLine(passphrase, PassphraseCharsMax, $"passphrase of 1 to {PassphraseCharsMax} characters in the first line of {where}", "Give the vault's passphrase there.");
        if (hasStorageSecret)
        {
            CheckLine(storage, StorageCharsMax, $"signature or connection string of the storage in the second line of {where}", $"Give it there, or leave {StorageSecretOption} out.");
        }
        else if (VaultLocation.IsContainer(location))
        {
            storage = Array.Find(Array.ConvertAll(s_variables, Environment.GetEnvironmentVariable), static value => !string.IsNullOrEmpty(value));
        }

        return new VaultSecrets(passphrase!, storage);
    }

    /// <summary>Not the secrets: a record would tell them.</summary>
    public override string ToString() => nameof(VaultSecrets);

    private static void CheckLine(string? line, int charsMax, string what, string action)
    {
        if (line is null || line.Length == 0 || line.Length > charsMax)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"There is no {what}.", action);
        }
    }
}
