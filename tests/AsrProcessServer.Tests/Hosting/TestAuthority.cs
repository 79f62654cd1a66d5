using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Asr.ProcessServer.Tests.Hosting;

/// <summary>Authorities and certificates as tests need them, also wrong ones.</summary>
internal static class TestAuthority
{
    public static X509Certificate2 Create(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddYears(20));
    }

    /// <summary>A CSR as agents make it.</summary>
    public static (ECDsa Key, string Pem) NewRequest(ECCurve? curve = null)
    {
        ECDsa key = ECDsa.Create(curve ?? ECCurve.NamedCurves.nistP256);
        return (key, new CertificateRequest("CN=ignored", key, HashAlgorithmName.SHA256).CreateSigningRequestPem());
    }

    /// <summary>A client certificate; .NET's TLS client on some systems wants the key from a PKCS#12.</summary>
    public static X509Certificate2 WithKey(string pem, ECDsa key)
    {
        using X509Certificate2 bare = X509Certificate2.CreateFromPem(pem);
        using X509Certificate2 whole = bare.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }
}
