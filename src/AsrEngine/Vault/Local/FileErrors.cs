using System;
using System.IO;
using Asr.Contracts;

namespace Asr.Engine.Vault.Local;

/// <summary>What the file system said, in the product's words.</summary>
internal static class FileErrors
{
    /// <summary>True for the exceptions that <see cref="IFileLayer"/> throws.</summary>
    public static bool IsFileError(Exception error) => error is IOException or UnauthorizedAccessException;

    /// <summary>The error to throw instead.</summary>
    /// <param name="error">What the file layer threw.</param>
    /// <param name="what">What was being done, e.g. "Writing segment ...".</param>
    /// <param name="target">The item.</param>
    public static AsrException Translate(Exception error, string what, string target) =>
        error is IOException && error.HResult is NativeFile.ENOSPC or NativeFile.EDQUOT
            ? new AsrException(AsrErrorCode.VaultFull, $"{what} failed: {error.Message}", "Free space for the vault or raise its quota; replication goes on by itself.", target, error)
            : new AsrException(AsrErrorCode.VaultUnavailable, $"{what} failed: {error.Message}", "Check the vault's storage; replication goes on by itself.", target, error);
}
