using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Appliance;
using Asr.Agent.State;
using Asr.Agent.Tests.Doubles;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>Who is refused at the data port of the real appliance, and with which error.</summary>
public sealed class DataPortTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Expired_foreign_and_another_machines_certificates_are_refused_by_name()
    {
        await using DrSite site = await DrSite.StartProtectedAsync();
        Guid diskId = site.Agent.DiskId(DrSite.DiskName);
        AgentIdentity identity = AgentIdentity.Load(StateFolder.Open(site.StatePath));
        using TestAuthority foreign = new();
        await using IVault vault = await LocalVault.OpenAsync(site.VaultPath, DrSite.Passphrase, cancellationToken: Stop);
        using TestAuthority own = new(await VaultAuthority.LoadAsync(vault, Stop));
        await site.EnrollAgentAsync(site.At("other"), "web02");
        AgentIdentity other = AgentIdentity.Load(StateFolder.Open(site.At("other")));

        Assert.Equal(AsrErrorCode.CertificateForeign, await RefusalAsync(With(identity, foreign.IssueAgent(site.MachineId)), diskId));
        Assert.Equal(
            AsrErrorCode.CertificateExpired,
            await RefusalAsync(With(identity, own.IssueAgent(site.MachineId, -TimeSpan.FromHours(2), -TimeSpan.FromHours(1))), diskId));
        Assert.Equal(AsrErrorCode.Forbidden, await RefusalAsync(other, diskId));

        // None of them disturbed the machine whose disk it is.
        await site.PointAfterNowAsync();
    }

    private static AgentIdentity With(AgentIdentity identity, X509Certificate2 certificate)
    {
        using (certificate)
        {
            using ECDsa key = certificate.GetECDsaPrivateKey()!;
            return identity with { CertificatePem = certificate.ExportCertificatePem(), PrivateKeyPem = key.ExportPkcs8PrivateKeyPem() };
        }
    }

    private static async Task<AsrErrorCode> RefusalAsync(AgentIdentity identity, Guid diskId)
    {
        using X509Certificate2 authority = identity.OpenAuthority();
        using AgentCredentials credentials = new(identity);
        using HttpReplication replication = new(identity.DataEndpoint, new ApplianceTrust(authority, TimeProvider.System), credentials, TimeProvider.System);
        AsrException refused = await Assert.ThrowsAsync<AsrException>(() => replication.OpenSessionAsync(
            diskId, new OpenSessionRequest { Nonce = Guid.NewGuid(), MachineId = identity.MachineId, SizeBytes = 16 << 20 }, Stop));
        AsrException unread = await Assert.ThrowsAsync<AsrException>(() => replication.GetDigestsAsync(diskId, new DigestRequest { Count = 1 }, Stop));
        Assert.Equal(refused.Code, unread.Code);
        return refused.Code;
    }
}
