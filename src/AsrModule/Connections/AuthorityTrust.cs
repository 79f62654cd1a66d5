using System;
using System.Linq;
using System.Net.Http;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Module.Connections;

/// <summary>
/// The vault's certificate authority, checked against the pinned fingerprint. Whatever an appliance says before it has shown a
/// certificate of this authority is not believed. Immutable; safe for concurrent callers.
/// </summary>
internal sealed class AuthorityTrust
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const int PemCharsMax = 64 << 10;

    private readonly X509Certificate2 _authority;

    private AuthorityTrust(X509Certificate2 authority) => _authority = authority;

    /// <summary>Fetches the authority's certificate and accepts it only when it has the pinned fingerprint.</summary>
    public static async Task<AuthorityTrust> FetchAsync(Uri appliance, string fingerprint, CancellationToken cancellationToken)
    {
        // Any server may answer here: what it hands out is public and is compared with the pin before anything secret is sent.
        using HttpClientHandler handler = ApplianceChannel.CreateHandler((_, _, _, _) => true);
        using HttpClient client = new(handler) { BaseAddress = appliance, MaxResponseContentBufferSize = PemCharsMax };
        using HttpResponseMessage response = await client.GetAsync(AsrRoutes.Authority, cancellationToken).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        string pem = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
        X509Certificate2 authority = ReadPem(pem, appliance);
        if (!string.Equals(Fingerprint(authority), fingerprint, StringComparison.OrdinalIgnoreCase))
        {
            authority.Dispose();
            throw Foreign(appliance);
        }

        return new AuthorityTrust(authority);
    }

    /// <summary>
    /// True for a server certificate that this authority signed. The host's name is not compared: the authority belongs to one vault
    /// and signs server certificates for its appliances only, wherever they run; an agent's certificate is not good for servers.
    /// </summary>
    public bool Accepts(X509Certificate2? server)
    {
        if (server is null)
        {
            return false;
        }

        using X509Chain chain = new();
        chain.ChainPolicy.ExtraStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        bool valid = chain.Build(server);
        X509ChainElement? root = chain.ChainElements.Cast<X509ChainElement>().LastOrDefault();

        // The flag above forgives an unknown root, so the root is compared here; nothing else is forgiven.
        return valid
            && root is not null
            && root.Certificate.RawData.SequenceEqual(_authority.RawData)
            && chain.ChainStatus.All(status => status.Status is X509ChainStatusFlags.NoError or X509ChainStatusFlags.UntrustedRoot);
    }

    /// <summary>The error for a server that is not an appliance of this vault.</summary>
    public static AsrException Foreign(Uri appliance, Exception? inner = null) => new(
        AsrErrorCode.CertificateForeign,
        $"The server at {appliance} is not an appliance of this vault: its certificate comes from another authority.",
        "Check the appliance's address and the vault's path.",
        appliance.ToString(),
        inner);

    private static string Fingerprint(X509Certificate2 certificate)
    {
        using SHA256 sha = SHA256.Create();
        return BitConverter.ToString(sha.ComputeHash(certificate.RawData)).Replace("-", "");
    }

    private static X509Certificate2 ReadPem(string pem, Uri appliance)
    {
        try
        {
            return new X509Certificate2(Encoding.ASCII.GetBytes(pem));
        }
        catch (CryptographicException error)
        {
            throw Foreign(appliance, error);
        }
    }
}
