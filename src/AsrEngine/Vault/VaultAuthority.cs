using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>
/// The vault's own certificate authority: made with the vault, key sealed in its catalog, so that agents trust a replacement appliance.
/// </summary>
public static class VaultAuthority
{
    private const string Collection = "authority";
    private const int YearsValid = 20;

    /// <summary>The authority's certificate with its private key. The caller disposes it.</summary>
    public static async Task<X509Certificate2> LoadAsync(IVault vault, CancellationToken cancellationToken = default)
    {
        string fingerprint = vault.Description.AuthorityFingerprint;
        CatalogDocument stored = await vault.Catalog.ReadAsync(Collection, DocumentId(fingerprint), cancellationToken).ConfigureAwait(false)
            ?? throw Corrupt(fingerprint, "is not there", null);
        AuthorityDocument document = CatalogJson.Read<AuthorityDocument>(Collection, stored);
        byte[] key = vault.Secrets.Open(Purpose(fingerprint), document.SealedKey);
        try
        {
            using X509Certificate2 certificate = X509Certificate2.CreateFromPem(document.CertificatePem);
            if (Fingerprint(certificate) != fingerprint)
            {
                throw Corrupt(fingerprint, "is another one", null);
            }

            using ECDsa privateKey = ECDsa.Create();
            privateKey.ImportPkcs8PrivateKey(key, out _);
            return certificate.CopyWithPrivateKey(privateKey);
        }
        catch (CryptographicException error)
        {
            throw Corrupt(fingerprint, "cannot be read", error);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>SHA-256 of a certificate, upper-case hex: what callers pin.</summary>
    public static string Fingerprint(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    /// <summary>Makes an authority and stores it; returns its fingerprint.</summary>
    internal static async Task<string> CreateAsync(ICatalog catalog, ISecretBox secrets, Guid vaultId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN=Asr vault {vaultId:D}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));

        // A day back, so that agents whose clock is a little behind accept it at once.
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(YearsValid));
        string fingerprint = Fingerprint(certificate);
        byte[] plainKey = key.ExportPkcs8PrivateKey();
        AuthorityDocument document = new() { CertificatePem = certificate.ExportCertificatePem(), SealedKey = secrets.Seal(Purpose(fingerprint), plainKey) };
        CryptographicOperations.ZeroMemory(plainKey);

        // Named by its fingerprint, not by a fixed name: of two creators at once one wins the vault document, and its authority must be there.
        await catalog.WriteAsync(Collection, DocumentId(fingerprint), JsonSerializer.SerializeToUtf8Bytes(document, AsrJson.Indented), ifMatch: null, cancellationToken)
            .ConfigureAwait(false);
        return fingerprint;
    }

    private static string DocumentId(string fingerprint) => $"ca-{fingerprint.ToLowerInvariant()}";

    private static string Purpose(string fingerprint) => $"authority key {fingerprint}";

    private static AsrException Corrupt(string fingerprint, string what, Exception? inner) => new(
        AsrErrorCode.VaultDocumentCorrupt,
        $"The vault's authority {fingerprint} {what}.",
        "Restore the collection 'authority' from a copy of the vault.",
        fingerprint,
        inner);

    private sealed record AuthorityDocument
    {
        public string CertificatePem { get; init; } = "";

        public byte[] SealedKey { get; init; } = [];
    }
}
