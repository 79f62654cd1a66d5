using System;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Hosting;
using Asr.ProcessServer.Machines;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Configuration;

/// <summary>Turns a one-time token into an agent's certificate, and a certificate near its end into a new one.</summary>
internal sealed class AgentEnrollment(
    TokenStore tokens, IMachineService machines, CertificateIssuer issuer, ApplianceEndpoints endpoints, ILogger<AgentEnrollment> logger)
{
    /// <summary>
    /// Enrolls. Everything that can be wrong with the request is checked before the token is spent. After that the steps may be repeated with
    /// the same token, key and name, so a crash or lost answer in between costs nothing.
    /// </summary>
    public async Task<EnrollAgentResponse> EnrollAsync(EnrollAgentRequest request, IPAddress? address, CancellationToken cancellationToken)
    {
        MachineName.Check(request.MachineName);
        PublicKey publicKey = CertificateRequestRules.ReadPublicKey(request.CertificateRequestPem);
        Guid tokenId = await tokens.ConsumeAsync(request.Token ?? "", publicKey.ExportSubjectPublicKeyInfo(), request.MachineName, cancellationToken);
        Guid machineId = await machines.RegisterAsync(request.MachineName, cancellationToken);
        EnrollAgentResponse response = Issue(publicKey, machineId);
        ConfigurationLog.AgentEnrolled(logger, request.MachineName, machineId, tokenId, address);
        return response;
    }

    /// <summary>Issues a new certificate for the machine whose present one authenticated the request.</summary>
    public async Task<EnrollAgentResponse> RenewAsync(Guid machineId, RenewAgentCertificateRequest request, CancellationToken cancellationToken)
    {
        PublicKey publicKey = CertificateRequestRules.ReadPublicKey(request.CertificateRequestPem);
        await machines.GetAsync(machineId, cancellationToken);
        EnrollAgentResponse response = Issue(publicKey, machineId);
        ConfigurationLog.CertificateRenewed(logger, machineId);
        return response;
    }

    private EnrollAgentResponse Issue(PublicKey publicKey, Guid machineId) => new()
    {
        MachineId = machineId,
        CertificatePem = issuer.IssueAgent(publicKey, machineId),
        AuthorityPem = issuer.AuthorityPem,
        DataEndpoint = endpoints.Data,
    };
}
