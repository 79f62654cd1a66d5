using System;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Appliance;
using Asr.Agent.Hosting;
using Asr.Agent.State;
using Asr.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Enrollment;

/// <summary>Exchanges the agent's certificate when two thirds of its life are over. One that has ended cannot renew itself: the appliance says so, and the machine enrolls again.</summary>
internal sealed class CertificateRenewal(
    StateFolder folder, AgentCredentials credentials, ControlClient control, ControlHealth health, TimeProvider time, ILogger<CertificateRenewal> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    /// <summary>True when the certificate should be renewed.</summary>
    public static bool IsDue(X509Certificate2 certificate, DateTimeOffset now)
    {
        DateTimeOffset begin = certificate.NotBefore.ToUniversalTime();
        DateTimeOffset end = certificate.NotAfter.ToUniversalTime();
        return now >= end - ((end - begin) / 3);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        ApplianceExchange exchange = health.Add("certificate renewal", logger);
        while (!stoppingToken.IsCancellationRequested)
        {
            if (IsDue(credentials.Certificate, time.GetUtcNow()))
            {
                await exchange.RunAsync(RenewAsync, stoppingToken).ConfigureAwait(false);
            }

            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(false);
        }
    }

    /// <summary>Renews now: the new identity is durable before it is shown.</summary>
    public async Task<bool> RenewAsync(CancellationToken cancellationToken)
    {
        AgentIdentity identity = credentials.Identity;
        using AgentKey key = AgentKey.Create();
        EnrollAgentResponse answer = await control.RenewAsync(
            new RenewAgentCertificateRequest { CertificateRequestPem = key.CreateRequestPem(identity.MachineName) }, cancellationToken).ConfigureAwait(false);
        using X509Certificate2 authority = identity.OpenAuthority();
        key.Check(answer, authority);
        if (answer.MachineId != identity.MachineId)
        {
            throw new AsrException(AsrErrorCode.Internal, $"The appliance renewed the certificate of machine {answer.MachineId} instead of {identity.MachineId}.");
        }

        AgentIdentity renewed = identity with { CertificatePem = answer.CertificatePem, PrivateKeyPem = key.PrivateKeyPem };
        renewed.Save(folder);
        credentials.Replace(renewed);
        logger.CertificateRenewed(credentials.Certificate.NotAfter.ToUniversalTime());
        return true;
    }
}
