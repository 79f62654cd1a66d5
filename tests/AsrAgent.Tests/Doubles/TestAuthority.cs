using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Asr.Contracts;

namespace Asr.Agent.Tests.Doubles;

/// <summary>An authority as a vault has one. Certificates it issues are valid a year unless told otherwise.</summary>
internal sealed class TestAuthority : IDisposable
{
    private const string OidServer = "1.3.6.1.5.5.7.3.1";
    private const string OidClient = "1.3.6.1.5.5.7.3.2";

    private static readonly TimeSpan Life = TimeSpan.FromDays(365);

    public TestAuthority()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Certificate = request.CreateSelfSigned(now - (Life * 2), now + (Life * 2));
    }

    /// <summary>Issues in the name of an authority that exists, whose certificate comes with its key.</summary>
    public TestAuthority(X509Certificate2 certificate) => Certificate = certificate;

    public X509Certificate2 Certificate { get; }

    public string Pem => Certificate.ExportCertificatePem();

    public string Fingerprint => Certificate.GetCertHashString(HashAlgorithmName.SHA256);

    public string NewToken() => new EnrollmentToken
    {
        Id = Guid.NewGuid(),
        Secret = RandomNumberGenerator.GetBytes(32),
        Authority = Fingerprint,
    }.Encode();

    /// <summary>A certificate with key for a server.</summary>
    public X509Certificate2 IssueServer(TimeSpan? notBefore = null, TimeSpan? notAfter = null) => IssueWithKey("CN=appliance", OidServer, notBefore, notAfter);

    /// <summary>A certificate with key for an agent.</summary>
    public X509Certificate2 IssueAgent(Guid machineId, TimeSpan? notBefore = null, TimeSpan? notAfter = null) =>
        IssueWithKey($"OU=agent, CN={machineId:D}", OidClient, notBefore, notAfter);

    /// <summary>Answers a certificate request as the appliance does.</summary>
    public X509Certificate2 Sign(string requestPem, Guid machineId)
    {
        CertificateRequest request = CertificateRequest.LoadSigningRequestPem(requestPem, HashAlgorithmName.SHA256);
        return Issue(new CertificateRequest(new X500DistinguishedName($"OU=agent, CN={machineId:D}"), request.PublicKey, HashAlgorithmName.SHA256), OidClient, null, null);
    }

    public void Dispose() => Certificate.Dispose();

    private X509Certificate2 IssueWithKey(string subject, string usage, TimeSpan? notBefore, TimeSpan? notAfter)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 bare = Issue(new CertificateRequest(subject, key, HashAlgorithmName.SHA256), usage, notBefore, notAfter);
        return bare.CopyWithPrivateKey(key);
    }

    private X509Certificate2 Issue(CertificateRequest request, string usage, TimeSpan? notBefore, TimeSpan? notAfter)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        return request.Create(
            Certificate.SubjectName,
            X509SignatureGenerator.CreateForECDsa(Certificate.GetECDsaPrivateKey()!),
            now + (notBefore ?? -TimeSpan.FromHours(1)),
            now + (notAfter ?? Life),
            RandomNumberGenerator.GetBytes(8));
    }
}
