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
        await CheckFormerMachineAsync(request, cancellationToken);
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

    // The name decides which machine it is; the id an agent was enrolled as before is a claim that must agree with it. Checked before the token is spent.
    private async Task CheckFormerMachineAsync(EnrollAgentRequest request, CancellationToken cancellationToken)
    {
        if (request.MachineId is not { } machineId)
        {
            return;
        }

        AsrReplicatedMachine machine = await machines.GetAsync(machineId, cancellationToken);
        if (!string.Equals(machine.Name, request.MachineName, StringComparison.OrdinalIgnoreCase))
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"Machine {machineId} is '{machine.Name}' in this vault, not '{request.MachineName}'.",
                $"Enroll it as '{machine.Name}', or as a new machine with a state folder of its own.", request.MachineName);
        }
    }

    private EnrollAgentResponse Issue(PublicKey publicKey, Guid machineId) => new()
    {
        MachineId = machineId,
        CertificatePem = issuer.IssueAgent(publicKey, machineId),
        AuthorityPem = issuer.AuthorityPem,
        DataEndpoint = endpoints.Data,
    };
}
