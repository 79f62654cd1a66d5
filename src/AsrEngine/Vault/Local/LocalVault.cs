using System;
using System.IO;
using System.Security.Cryptography;
using System.Text.Json;
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
    public static async Task<IVault> CreateAsync(string path, string passphrase, LocalVaultOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new LocalVaultOptions();
        string root = Path.GetFullPath(path);
        LocalCatalog catalog = CatalogOf(options, root);
        if (await catalog.ReadAsync(VaultDocument.Collection, VaultDocument.DocumentId, cancellationToken).ConfigureAwait(false) is not null)
        {
            throw Exists(root, null);
        }

        Guid id = Guid.NewGuid();
        (byte[] key, KeyDerivation derivation, byte[] wrapped) = MasterKey.Create(id, passphrase);
        DateTimeOffset now = options.Time.GetUtcNow();
        try
        {
            CreateRoot(options, root);
            string fingerprint = await VaultAuthority.CreateAsync(catalog, new SecretBox(key), id, now, cancellationToken).ConfigureAwait(false);
            VaultDocument document = new()
            {
                Id = id,
                FormatVersion = VaultDocument.CurrentVersion,
                MinReader = VaultDocument.CurrentVersion,
                CreatedAt = now,
                KeyDerivation = derivation,
                WrappedMasterKey = wrapped,
                AuthorityFingerprint = fingerprint,
            };
            byte[] content = JsonSerializer.SerializeToUtf8Bytes(document, AsrJson.Indented);
            await catalog.WriteAsync(VaultDocument.Collection, VaultDocument.DocumentId, content, ifMatch: null, cancellationToken).ConfigureAwait(false);
            return await ComposeAsync(options, root, catalog, document, key, cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException lost) when (lost.Code == AsrErrorCode.AlreadyExists)
        {
            throw Exists(root, lost);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>
    /// Opens a vault. Throws <see cref="AsrErrorCode.VaultNotFound"/>, <see cref="AsrErrorCode.WrongPassphrase"/> or
    /// <see cref="AsrErrorCode.VaultVersionUnsupported"/>.
    /// </summary>
    public static async Task<IVault> OpenAsync(string path, string passphrase, LocalVaultOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new LocalVaultOptions();
        string root = Path.GetFullPath(path);
        LocalCatalog catalog = CatalogOf(options, root);
        CatalogDocument stored = await catalog.ReadAsync(VaultDocument.Collection, VaultDocument.DocumentId, cancellationToken).ConfigureAwait(false)
            ?? throw new AsrException(AsrErrorCode.VaultNotFound, $"There is no vault in '{root}'.", "Check the path, or make one with New-AsrVault.", root);
        VaultDocument document = CatalogJson.Read<VaultDocument>(VaultDocument.Collection, stored);
        if (document.MinReader > VaultDocument.CurrentVersion)
        {
            throw new AsrException(
                AsrErrorCode.VaultVersionUnsupported,
                $"The vault in '{root}' needs software for format {document.MinReader}; this one reads up to {VaultDocument.CurrentVersion}.",
                "Use the newer version of the software.",
                root);
        }

        byte[] key = MasterKey.Unwrap(document, passphrase);
        try
        {
            await catalog.SweepAsync(cancellationToken).ConfigureAwait(false);
            return await ComposeAsync(options, root, catalog, document, key, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static async Task<IVault> ComposeAsync(
        LocalVaultOptions options, string root, LocalCatalog catalog, VaultDocument document, byte[] key, CancellationToken cancellationToken)
    {
        AsrVault description = new() { Id = document.Id, Location = root, CreatedAt = document.CreatedAt, AuthorityFingerprint = document.AuthorityFingerprint };
        ISegmentStore segments = new LocalSegmentStore(options.Files, Path.Join(root, "disks"));
        if (options.SpoolDirectory is not null)
        {
            // A directory per vault: a spooled segment must not reach another vault, where it could only be in the way.
            LocalSegmentStore spool = new(options.Files, Path.Join(Path.GetFullPath(options.SpoolDirectory), document.Id.ToString("D")));
            segments = await SpoolingSegmentStore.OpenAsync(segments, spool, options.SpoolBytesMax, options.Time, cancellationToken).ConfigureAwait(false);
        }

        return new SealedVault(catalog, segments, new SecretBox(key), description, options.Time, new SealedVaultOptions { IndexRunSegments = options.IndexRunSegments, CacheBytes = options.CacheBytes });
    }

    private static LocalCatalog CatalogOf(LocalVaultOptions options, string root) => new(options.Files, Path.Join(root, "catalog"));

    private static void CreateRoot(LocalVaultOptions options, string root)
    {
        try
        {
            options.Files.CreateDirectory(root);
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            throw FileErrors.Translate(error, $"Making the vault's directory '{root}'", root);
        }
    }

    private static AsrException Exists(string root, Exception? inner) =>
        new(AsrErrorCode.AlreadyExists, $"There is a vault in '{root}' already.", "Connect to it with Connect-AsrVault, or choose another directory.", root, inner);
}
