using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Asr.Contracts;

namespace Asr.ProcessServer.Hosting;

/// <summary>Reads callers from client certificates: only chains to the one authority of the vault count. Safe for concurrent callers.</summary>
/// <param name="authority">Certificate of the authority; stays the owner's.</param>
internal sealed class CallerCertificates(X509Certificate2 authority)
{
    private const string OidClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string OidCommonName = "2.5.4.3";
    private const string OidOrganizationalUnit = "2.5.4.11";

    /// <summary>
    /// The caller a certificate names. Throws <see cref="AsrErrorCode.CertificateForeign"/> when another authority issued it, and
    /// <see cref="AsrErrorCode.Forbidden"/> when it is not one for callers. The period of validity is left to whoever handles a request.
    /// </summary>
    public Caller Identify(X509Certificate2 certificate)
    {
        RequireOurs(certificate);
        string? unit = null;
        string? name = null;
        foreach (X500RelativeDistinguishedName part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (part.HasMultipleElements)
            {
                continue;
            }

            switch (part.GetSingleElementType().Value)
            {
                case OidCommonName:
                    name = part.GetSingleElementValue();
                    break;
                case OidOrganizationalUnit:
                    unit = part.GetSingleElementValue();
                    break;
            }
        }

        return (unit, name) switch
        {
            (CertificateSubjects.OperatorUnit, { Length: > 0 }) => NewCaller(CallerRole.Operator, null),
            (CertificateSubjects.AgentUnit, _) when Guid.TryParseExact(name, "D", out Guid machineId) => NewCaller(CallerRole.Agent, machineId),
            _ => throw new AsrException(AsrErrorCode.Forbidden, $"The certificate of {certificate.Subject} names no role of this appliance.", target: certificate.Subject),
        };

        Caller NewCaller(CallerRole role, Guid? machineId) => new(role, certificate.Subject, machineId,
            new DateTimeOffset(certificate.NotBefore.ToUniversalTime()), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
    }

    private void RequireOurs(X509Certificate2 certificate)
    {
        using X509Chain chain = new();
        X509ChainPolicy policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.Add(authority);
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.ApplicationPolicy.Add(new Oid(OidClientAuthentication));

        // Time is checked apart, against the appliance's clock, so that "expired" and "foreign" are different answers.
        policy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        bool ours = chain.Build(certificate);
        foreach (X509ChainElement element in chain.ChainElements)
        {
            element.Certificate.Dispose();
        }

        if (!ours)
        {
            throw new AsrException(AsrErrorCode.CertificateForeign, $"The certificate of {certificate.Subject} was not issued by this vault's authority.",
                "Enroll with this appliance, or use the appliance that issued the certificate.", certificate.Subject);
        }
    }
}
