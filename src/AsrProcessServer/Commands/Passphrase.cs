using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.ProcessServer.Commands;

/// <summary>Reads the passphrase. Never from an argument or the environment, which other users of the machine may see.</summary>
internal static class Passphrase
{
    private const int CharsMax = 1_024;

    /// <summary>The first line of a file, or of stdin when there is none.</summary>
    public static async Task<string> ReadAsync(FileInfo? file, CancellationToken cancellationToken)
    {
        string where = file is null ? "the first line of stdin" : $"the first line of {file.FullName}";
        string? line;
        try
        {
            using TextReader reader = file is null ? Console.In : file.OpenText();
            line = await reader.ReadLineAsync(cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"The passphrase cannot be read from {where}: {error.Message}", "Name a file this account may read.", file?.FullName, error);
        }

        return line is { Length: > 0 and <= CharsMax }
            ? line
            : throw new AsrException(AsrErrorCode.InvalidArgument, $"There is no passphrase of 1 to {CharsMax} characters in {where}.", "Give the vault's passphrase there.");
    }
}
