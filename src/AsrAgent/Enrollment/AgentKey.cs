using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Asr.Contracts;

namespace Asr.Agent.Enrollment;

/// <summary>The agent's key pair (ECDSA P-256), the request for a certificate, and the check of what came back. The key never leaves this machine.</summary>
internal sealed class AgentKey : IDisposable
{
    private readonly ECDsa _key;

    private AgentKey(ECDsa key) => _key = key;

    /// <summary>PKCS#8, PEM.</summary>
    public string PrivateKeyPem => _key.ExportPkcs8PrivateKeyPem();

    /// <summary>A new key.</summary>
    public static AgentKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>A stored key.</summary>
    public static AgentKey FromPem(string privateKeyPem)
    {
        ECDsa key = ECDsa.Create();
        try
        {
            key.ImportFromPem(privateKeyPem);
            return new AgentKey(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>PKCS#10 request, PEM. The appliance decides the subject of the certificate; the name is for people.</summary>
    public string CreateRequestPem(string machineName)
    {
        X500DistinguishedNameBuilder subject = new();
        subject.AddCommonName(machineName);
        return new CertificateRequest(subject.Build(), _key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
    }

    /// <summary>Throws unless the answer holds a certificate for this key, issued by the expected authority, and a data port to use it at.</summary>
    public void Check(EnrollAgentResponse answer, X509Certificate2 authority)
    {
        try
        {
            using X509Certificate2 answered = X509Certificate2.CreateFromPem(answer.AuthorityPem);
            if (!answered.RawDataMemory.Span.SequenceEqual(authority.RawDataMemory.Span))
            {
                throw Unusable("names another authority than the one it was checked against");
            }

            using X509Certificate2 certificate = X509Certificate2.CreateFromPem(answer.CertificatePem);
            if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(_key.ExportSubjectPublicKeyInfo()))
            {
                throw Unusable("holds a certificate for another key");
            }

            if (!IsIssuedBy(certificate, authority))
            {
                throw Unusable("holds a certificate that its own authority did not issue");
            }
        }
        catch (CryptographicException error)
        {
            throw Unusable($"holds no certificate: {error.Message}", error);
        }

        if (answer.MachineId == Guid.Empty || !Uri.TryCreate(answer.DataEndpoint, UriKind.Absolute, out Uri? data) || data.Scheme != Uri.UriSchemeHttps)
        {
            throw Unusable("lacks the machine's id or the address of the data port");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    private static bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;

        // The clocks of agent and appliance need not agree to the second.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        bool isIssued = chain.Build(certificate);
        foreach (X509ChainElement element in chain.ChainElements)
        {
            element.Certificate.Dispose();
        }

        return isIssued;
    }

    private static AsrException Unusable(string why, Exception? inner = null) => new(
        AsrErrorCode.Internal, $"The appliance's answer {why}.", "Nothing was stored. Compare the versions of agent and appliance.", inner: inner);
}
