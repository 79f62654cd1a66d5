using System;
using System.IO;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Appliance;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Enrollment;

/// <summary>
/// Makes this machine known to a vault: finds out whether the appliance is the token's, asks for a certificate, stores the identity.
/// The token's secret is sent only to a server that chains to the authority the token names.
/// </summary>
internal sealed class AgentEnrollment(StateFolder folder, TimeProvider time)
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Enrolls. With an identity in the folder already, the same machine may enroll again under the same authority (an expired certificate, a moved
    /// appliance); anything else is <see cref="AsrErrorCode.AlreadyExists"/>, because a replaced identity would orphan the machine's replication.
    /// </summary>
    /// <param name="appliance">Base address of the control port.</param>
    /// <param name="tokenText">The token.</param>
    /// <param name="machineName">Name of the machine; null for the present identity's name or the host's.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<AgentIdentity> EnrollAsync(Uri appliance, string tokenText, string? machineName, CancellationToken cancellationToken)
    {
        EnrollmentToken token = EnrollmentToken.Parse(tokenText);
        AgentIdentity? existing = AgentIdentity.TryLoad(folder);
        RequireSameMachine(existing, token, machineName);
        string name = machineName ?? existing?.MachineName ?? Environment.MachineName;

        using X509Certificate2 authority = await FetchAuthorityAsync(appliance, token, cancellationToken).ConfigureAwait(false);
        using AgentKey key = PendingEnrollment.TakeKey(folder, token.Id);
        EnrollAgentResponse answer = await AskAsync(appliance, authority, new EnrollAgentRequest
        {
            Token = tokenText.Trim(),
            MachineName = name,
            MachineId = existing?.MachineId,
            CertificateRequestPem = key.CreateRequestPem(name),
        }, cancellationToken).ConfigureAwait(false);

        key.Check(answer, authority);
        if (existing is not null && existing.MachineId != answer.MachineId)
        {
            throw Taken(existing, $"the appliance answered with machine {answer.MachineId}");
        }

        AgentIdentity identity = new()
        {
            MachineId = answer.MachineId,
            MachineName = name,
            ControlEndpoint = appliance,
            DataEndpoint = new Uri(answer.DataEndpoint),
            CertificatePem = answer.CertificatePem,
            PrivateKeyPem = key.PrivateKeyPem,
            AuthorityPem = answer.AuthorityPem,
        };
        identity.Save(folder);
        File.Delete(folder.PendingEnrollmentFile);
        return identity;
    }

    private static string Fingerprint(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    private async Task<X509Certificate2> FetchAuthorityAsync(Uri appliance, EnrollmentToken token, CancellationToken cancellationToken)
    {
        // Any server may answer this one: what it sends is public and proves itself by its fingerprint. Nothing secret is asked with it.
        using ApplianceHttp http = new(appliance, ApplianceHandler.Create((_, _, _, _) => true), time);
        byte[] pem = await http.GetBytesAsync(AsrRoutes.Authority, AnswerTimeout, cancellationToken).ConfigureAwait(false);
        X509Certificate2 authority;
        try
        {
            authority = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(pem));
        }
        catch (CryptographicException error)
        {
            throw ApplianceErrors.Malformed(appliance, "no certificate where the authority's should be", error);
        }

        if (Fingerprint(authority) == token.Authority)
        {
            return authority;
        }

        using (authority)
        {
            throw new AsrException(
                AsrErrorCode.CertificateForeign,
                $"The appliance at {appliance} belongs to the authority {Fingerprint(authority)}, the token to {token.Authority}.",
                "The token's secret was not sent. Check the address, and use a token of this appliance's vault.",
                appliance.ToString());
        }
    }

    private async Task<EnrollAgentResponse> AskAsync(Uri appliance, X509Certificate2 authority, EnrollAgentRequest request, CancellationToken cancellationToken)
    {
        using ApplianceHttp http = new(appliance, ApplianceHandler.Create(new ApplianceTrust(authority, time).Accept), time);
        return await http.PostJsonAsync<EnrollAgentResponse>(AsrRoutes.EnrollAgent, request, AnswerTimeout, cancellationToken).ConfigureAwait(false);
    }

    private static void RequireSameMachine(AgentIdentity? existing, EnrollmentToken token, string? machineName)
    {
        if (existing is null)
        {
            return;
        }

        if (machineName is not null && machineName != existing.MachineName)
        {
            throw Taken(existing, $"the name asked for is '{machineName}'");
        }

        using X509Certificate2 authority = existing.OpenAuthority();
        if (Fingerprint(authority) != token.Authority)
        {
            throw Taken(existing, "the token is of another vault's authority");
        }
    }

    private static AsrException Taken(AgentIdentity existing, string difference) => new(
        AsrErrorCode.AlreadyExists,
        $"The state folder holds the identity of machine '{existing.MachineName}' ({existing.MachineId}) already, and {difference}.",
        "Use another state folder for another machine; to give this one up, disable its replication and remove the folder.",
        existing.MachineName);
}
