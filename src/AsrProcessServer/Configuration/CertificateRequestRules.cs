using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Asr.Contracts;

namespace Asr.ProcessServer.Configuration;

/// <summary>What a certificate request from an agent must be.</summary>
internal static class CertificateRequestRules
{
    private const int PemCharsMax = 16_384;
    private const string OidEcPublicKey = "1.2.840.10045.2.1";
    private const string OidP256 = "1.2.840.10045.3.1.7";

    /// <summary>
    /// The public key of a request that is signed with the key it asks for (so the sender holds it) and is a P-256 key.
    /// Throws <see cref="AsrErrorCode.InvalidArgument"/>. The request's subject and extensions are not read: the appliance decides those.
    /// </summary>
    public static PublicKey ReadPublicKey(string? pem)
    {
        if (string.IsNullOrEmpty(pem) || pem.Length > PemCharsMax)
        {
            throw Invalid($"must be a PKCS#10 request as PEM of at most {PemCharsMax} characters");
        }

        PublicKey key;
        try
        {
            key = CertificateRequest.LoadSigningRequestPem(pem, HashAlgorithmName.SHA256).PublicKey;
        }
        catch (Exception error) when (error is ArgumentException or CryptographicException)
        {
            throw Invalid("is not a PKCS#10 request signed with its own key", error);
        }

        if (key.Oid.Value != OidEcPublicKey)
        {
            throw Invalid("must be for an elliptic curve key on P-256");
        }

        using ECDsa? curve = key.GetECDsaPublicKey();
        if (curve is null || curve.ExportParameters(includePrivateParameters: false).Curve.Oid.Value != OidP256)
        {
            throw Invalid("must be for a key on P-256, not another curve");
        }

        return key;
    }

    private static AsrException Invalid(string what, Exception? inner = null) =>
        new(AsrErrorCode.InvalidArgument, $"CertificateRequestPem {what}.", "Let asr-agent make the request.", inner: inner);
}
