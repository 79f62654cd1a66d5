using System;
using System.IO;
using System.Security.Cryptography;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault.Local;

namespace Asr.Engine.Vault;

/// <summary>Makes and opens vaults, wherever they are: the order of the first documents, keys and versions.</summary>
internal static class VaultDoor
{
    /// <summary>
    /// Makes a vault. Throws <see cref="AsrErrorCode.AlreadyExists"/> when there is one. Interrupted, it can be repeated: the document that makes the place a
    /// vault is written last.
    /// </summary>
    public static async Task<IVault> CreateAsync(VaultPlace place, string passphrase, VaultOptions options, CancellationToken cancellationToken)
    {
        await place.MakeAsync(cancellationToken).ConfigureAwait(false);
        if (await place.Catalog.ReadAsync(VaultDocument.Collection, VaultDocument.DocumentId, cancellationToken).ConfigureAwait(false) is not null)
        {
            throw Exists(place, null);
        }

        Guid id = Guid.NewGuid();
        (byte[] key, KeyDerivation derivation, byte[] wrapped) = MasterKey.Create(id, passphrase);
        DateTimeOffset now = options.Time.GetUtcNow();
        try
        {
            string fingerprint = await VaultAuthority.CreateAsync(place.Catalog, new SecretBox(key), id, now, cancellationToken).ConfigureAwait(false);
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
            await place.Catalog.WriteAsync(VaultDocument.Collection, VaultDocument.DocumentId, content, ifMatch: null, cancellationToken).ConfigureAwait(false);
            return await ComposeAsync(place, document, key, options, cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException lost) when (lost.Code == AsrErrorCode.AlreadyExists)
        {
            throw Exists(place, lost);
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
    public static async Task<IVault> OpenAsync(VaultPlace place, string passphrase, VaultOptions options, CancellationToken cancellationToken)
    {
        CatalogDocument stored = await place.Catalog.ReadAsync(VaultDocument.Collection, VaultDocument.DocumentId, cancellationToken).ConfigureAwait(false)
            ?? throw NotFound(place.Location, null);
        VaultDocument document = CatalogJson.Read<VaultDocument>(VaultDocument.Collection, stored);
        if (document.MinReader > VaultDocument.CurrentVersion)
        {
            throw new AsrException(
                AsrErrorCode.VaultVersionUnsupported,
                $"The vault in '{place.Location}' needs software for format {document.MinReader}; this one reads up to {VaultDocument.CurrentVersion}.",
                "Use the newer version of the software.",
                place.Location);
        }

        byte[] key = MasterKey.Unwrap(document, passphrase);
        try
        {
            await place.SweepAsync(cancellationToken).ConfigureAwait(false);
            return await ComposeAsync(place, document, key, options, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>There is no vault at this place.</summary>
    public static AsrException NotFound(string location, Exception? inner) =>
        new(AsrErrorCode.VaultNotFound, $"There is no vault in '{location}'.", "Check where the vault is, or make one with New-AsrVault.", location, inner);

    private static async Task<IVault> ComposeAsync(VaultPlace place, VaultDocument document, byte[] key, VaultOptions options, CancellationToken cancellationToken)
    {
        AsrVault description = new() { Id = document.Id, Location = place.Location, CreatedAt = document.CreatedAt, AuthorityFingerprint = document.AuthorityFingerprint };
        ISegmentStore segments = place.Segments;
        if (options.SpoolDirectory is not null)
        {
            // A directory per vault: a spooled segment must not reach another vault, where it could only be in the way.
            LocalSegmentStore spool = new(place.SpoolFiles, Path.Join(Path.GetFullPath(options.SpoolDirectory), document.Id.ToString("D")));
            segments = await SpoolingSegmentStore.OpenAsync(segments, spool, options.SpoolBytesMax, options.Time, cancellationToken).ConfigureAwait(false);
        }

        SealedVaultOptions sealing = new()
        {
            IndexRunSegments = options.IndexRunSegments,
            CacheBytes = options.CacheBytes,
            SegmentsUnderWayMax = place.SegmentsUnderWayMax,
        };
        return new SealedVault(place.Catalog, segments, new SecretBox(key), description, options.Time, sealing);
    }

    private static AsrException Exists(VaultPlace place, Exception? inner) => new(
        AsrErrorCode.AlreadyExists,
        $"There is a vault in '{place.Location}' already.",
        "Connect to it with Connect-AsrVault, or choose another place.",
        place.Location,
        inner);
}
