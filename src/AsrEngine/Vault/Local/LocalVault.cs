using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault.Local;

/// <summary>A vault in a directory: <c>catalog/</c> holds the documents, <c>disks/</c> the sealed segments.</summary>
public static class LocalVault
{
    /// <summary>
    /// Makes a vault in a directory, which may exist. Throws <see cref="AsrErrorCode.AlreadyExists"/> when there is one. Interrupted, it can be
    /// repeated: the document that makes the place a vault is written last.
    /// </summary>
    public static Task<IVault> CreateAsync(string path, string passphrase, LocalVaultOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new LocalVaultOptions();
        return VaultDoor.CreateAsync(PlaceOf(path, options), passphrase, options, cancellationToken);
    }

    /// <summary>
    /// Opens a vault. Throws <see cref="AsrErrorCode.VaultNotFound"/>, <see cref="AsrErrorCode.WrongPassphrase"/> or
    /// <see cref="AsrErrorCode.VaultVersionUnsupported"/>.
    /// </summary>
    public static Task<IVault> OpenAsync(string path, string passphrase, LocalVaultOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new LocalVaultOptions();
        return VaultDoor.OpenAsync(PlaceOf(path, options), passphrase, options, cancellationToken);
    }

    private static VaultPlace PlaceOf(string path, LocalVaultOptions options)
    {
        string root = Path.GetFullPath(path);
        LocalCatalog catalog = new(options.Files, Path.Join(root, "catalog"));
        return new VaultPlace
        {
            Location = root,
            Catalog = catalog,
            Segments = new LocalSegmentStore(options.Files, Path.Join(root, "disks")),
            SpoolFiles = options.Files,
            MakeAsync = _ => Make(options.Files, root),
            SweepAsync = catalog.SweepAsync,
        };
    }

    private static Task Make(IFileLayer files, string root)
    {
        try
        {
            files.CreateDirectory(root);
            return Task.CompletedTask;
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            throw FileErrors.Translate(error, $"Making the vault's directory '{root}'", root);
        }
    }
}
