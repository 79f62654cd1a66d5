using System;
using System.Collections.Generic;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using Asr.ProcessServer.Hosting;

namespace Asr.ProcessServer.Configuration;

/// <summary>Issues certificates of the vault's authority: to agents, operators and the appliance itself. Safe for concurrent callers.</summary>
/// <param name="authority">The authority's certificate with its private key (ECDSA); stays the owner's.</param>
/// <param name="time">The clock of validity.</param>
internal sealed class CertificateIssuer(X509Certificate2 authority, TimeProvider time)
{
    /// <summary>Life of an agent's certificate.</summary>
    public static readonly TimeSpan AgentLife = TimeSpan.FromDays(365);

    /// <summary>Life of an operator's certificate.</summary>
    public static readonly TimeSpan OperatorLife = TimeSpan.FromHours(24);

    /// <summary>Life of the appliance's own certificate; it makes a new one by itself in time.</summary>
    public static readonly TimeSpan ServerLife = TimeSpan.FromDays(90);

    private const string OidServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string OidClientAuthentication = "1.3.6.1.5.5.7.3.2";

    // Clocks of appliance and peers differ a little: a certificate must not be "not valid yet" at the moment it is first used.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);
    private readonly Lock _signing = new();

    /// <summary>The authority's certificate, PEM.</summary>
    public string AuthorityPem { get; } = authority.ExportCertificatePem();

    /// <summary>SHA-256 of the authority's certificate, upper-case hex.</summary>
    public string AuthorityFingerprint { get; } = authority.GetCertHashString(HashAlgorithmName.SHA256);

    /// <summary>A certificate for an agent's public key, PEM. Nothing else of the agent's request goes into it.</summary>
    public string IssueAgent(PublicKey publicKey, Guid machineId)
    {
        CertificateRequest request = new(CertificateSubjects.Agent(machineId), publicKey, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = Sign(request, OidClientAuthentication, AgentLife);
        return certificate.ExportCertificatePem();
    }

    /// <summary>A certificate with a new private key for an operator, PKCS#12 without password. The appliance keeps neither.</summary>
    public byte[] IssueOperator(string userName)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(CertificateSubjects.Operator(userName), key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = Sign(request, OidClientAuthentication, OperatorLife);
        using X509Certificate2 whole = certificate.CopyWithPrivateKey(key);
        return whole.Export(X509ContentType.Pkcs12);
    }

    /// <summary>A certificate with a new private key for this server; the caller disposes it.</summary>
    public X509Certificate2 IssueServer(IReadOnlyCollection<string> names, IReadOnlyCollection<IPAddress> addresses)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X500DistinguishedNameBuilder subject = new();
        subject.AddOrganizationalUnitName("appliance");
        subject.AddCommonName(Environment.MachineName);
        CertificateRequest request = new(subject.Build(), key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder alternatives = new();
        foreach (string name in names)
        {
            alternatives.AddDnsName(name);
        }

        foreach (IPAddress address in addresses)
        {
            alternatives.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        using X509Certificate2 certificate = Sign(request, OidServerAuthentication, ServerLife);
        return certificate.CopyWithPrivateKey(key);
    }

    private X509Certificate2 Sign(CertificateRequest request, string usage, TimeSpan life)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset end = now + life;
        DateTimeOffset authorityStart = new(authority.NotBefore.ToUniversalTime());
        DateTimeOffset authorityEnd = new(authority.NotAfter.ToUniversalTime());

        // The serial number is 16 random bytes; the first bit off keeps it positive, the next on keeps it full length.
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        DateTimeOffset start = now - ClockSkew;
        lock (_signing)
        {
            return request.Create(authority, start < authorityStart ? authorityStart : start, end > authorityEnd ? authorityEnd : end, serial);
        }
    }
}
