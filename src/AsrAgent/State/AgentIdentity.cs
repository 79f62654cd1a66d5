using System;
using System.Security.Cryptography.X509Certificates;
using Asr.Contracts;

namespace Asr.Agent.State;

/// <summary>Who this agent is and whom it trusts: one file, so that a crash leaves all of it or nothing. Holds the private key.</summary>
internal sealed record AgentIdentity
{
    /// <summary>Id of the machine.</summary>
    public Guid MachineId { get; init; }

    /// <summary>Name of the machine.</summary>
    public string MachineName { get; init; } = "";

    /// <summary>Base address of the appliance's control port.</summary>
    public Uri ControlEndpoint { get; init; } = null!;

    /// <summary>Base address of the appliance's data port.</summary>
    public Uri DataEndpoint { get; init; } = null!;

    /// <summary>The agent's certificate, PEM.</summary>
    public string CertificatePem { get; init; } = "";

    /// <summary>Its key, PKCS#8 PEM.</summary>
    public string PrivateKeyPem { get; init; } = "";

    /// <summary>The one authority whose servers are trusted, PEM.</summary>
    public string AuthorityPem { get; init; } = "";

    /// <summary>Reads the identity of a state folder; <see cref="AsrErrorCode.NotFound"/> when the machine is not enrolled.</summary>
    public static AgentIdentity Load(StateFolder folder) => TryLoad(folder) ?? throw new AsrException(
        AsrErrorCode.NotFound, $"The state folder '{folder.Path}' holds no identity: this machine is not enrolled.", "Run asr-agent enroll.", folder.Path);

    /// <summary>Reads the identity of a state folder, or null when there is none.</summary>
    public static AgentIdentity? TryLoad(StateFolder folder)
    {
        AgentIdentity? identity = StateFile.Read<AgentIdentity>(folder.IdentityFile);
        if (identity is not null && (identity.MachineId == Guid.Empty || identity.ControlEndpoint is null || identity.DataEndpoint is null))
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"'{folder.IdentityFile}' is not an agent's identity.", "Restore the file, or remove it and enroll again.", folder.IdentityFile);
        }

        return identity;
    }

    /// <summary>Stores the identity.</summary>
    public void Save(StateFolder folder) => StateFile.WriteDurably(folder.IdentityFile, this);

    /// <summary>The authority's certificate; the caller disposes it.</summary>
    public X509Certificate2 OpenAuthority() => X509Certificate2.CreateFromPem(AuthorityPem);

    /// <summary>The certificate with its key; the caller disposes it.</summary>
    public X509Certificate2 OpenCertificate() => X509Certificate2.CreateFromPem(CertificatePem, PrivateKeyPem);

    /// <summary>The id only: a record's own text would put the key into logs.</summary>
    public override string ToString() => $"identity of machine {MachineId}";
}
