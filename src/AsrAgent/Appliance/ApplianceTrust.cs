using System;
using System.Linq;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Asr.Contracts;

namespace Asr.Agent.Appliance;

/// <summary>
/// Decides which servers are the appliance: those with a server certificate under the one pinned authority. The name in the certificate is not
/// compared with the address: the authority is the vault's own and issues server certificates to its appliances only, and a replacement appliance
/// may be reached by another name. The purpose is checked, else an agent could pose as the appliance. Safe for concurrent callers.
/// </summary>
internal sealed class ApplianceTrust(X509Certificate2 authority, TimeProvider time)
{
    private const string OidServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>
    /// For <see cref="SslClientAuthenticationOptions.RemoteCertificateValidationCallback"/>. Throws instead of answering false, so that the caller of
    /// the request learns <see cref="AsrErrorCode.CertificateForeign"/> from <see cref="AsrErrorCode.CertificateExpired"/>.
    /// </summary>
    public bool Accept(object sender, X509Certificate? certificate, X509Chain? received, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 server)
        {
            throw Foreign("the server showed no certificate");
        }

        Require(server);
        return true;
    }

    /// <summary>Throws unless the certificate is one of the appliance's and valid now.</summary>
    public void Require(X509Certificate2 server)
    {
        using X509Chain chain = new();
        X509ChainPolicy policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.Add(authority);
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;

        // Time is checked apart, to tell "expired" from "foreign".
        policy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        bool isOurs = chain.Build(server);
        foreach (X509ChainElement element in chain.ChainElements)
        {
            element.Certificate.Dispose();
        }

        if (!isOurs)
        {
            throw Foreign($"its certificate ({server.Subject}, issued by {server.Issuer}) is of another authority");
        }

        if (!IsForServers(server))
        {
            throw Foreign($"its certificate ({server.Subject}) is not one for servers");
        }

        DateTimeOffset now = time.GetUtcNow();
        if (now < server.NotBefore.ToUniversalTime() || now > server.NotAfter.ToUniversalTime())
        {
            throw new AsrException(
                AsrErrorCode.CertificateExpired,
                $"The appliance's certificate is valid from {server.NotBefore.ToUniversalTime():u} to {server.NotAfter.ToUniversalTime():u}; it is {now:u} here.",
                "Compare the clocks of both machines; if they are right, restart the appliance so that it issues itself a new certificate.",
                server.Subject);
        }
    }

    private static bool IsForServers(X509Certificate2 certificate) => certificate.Extensions
        .OfType<X509EnhancedKeyUsageExtension>()
        .Any(usage => usage.EnhancedKeyUsages.Cast<System.Security.Cryptography.Oid>().Any(oid => oid.Value == OidServerAuthentication));

    private static AsrException Foreign(string why) => new(
        AsrErrorCode.CertificateForeign,
        $"The server is not this agent's appliance: {why}.",
        "Check the address. If the vault was replaced, enroll this machine with the new one.");
}
