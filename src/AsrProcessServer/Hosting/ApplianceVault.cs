using System.Security.Cryptography.X509Certificates;
using Asr.Engine.Points;
using Asr.Engine.Shipping;
using Asr.Engine.Vault;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Process;

namespace Asr.ProcessServer.Hosting;

/// <summary>An opened vault with what the appliance builds on it. Its parts stay whoever's they are; the host disposes none of them.</summary>
internal sealed record ApplianceVault
{
    /// <summary>The vault.</summary>
    public required IVault Vault { get; init; }

    /// <summary>The vault's authority, with private key.</summary>
    public required X509Certificate2 Authority { get; init; }

    /// <summary>Where agents' changes go.</summary>
    public required IReplicationSink Sink { get; init; }

    /// <summary>Where replicas are read from.</summary>
    public required IReplicaSource Source { get; init; }

    /// <summary>The recovery points.</summary>
    public required IRecoveryPointLog Points { get; init; }

    /// <summary>The passphrase's test.</summary>
    public required IPassphraseCheck Passphrase { get; init; }

    /// <summary>Owners of the disks.</summary>
    public required IDiskOwners DiskOwners { get; init; }

    /// <summary>What waits for the vault.</summary>
    public required ISpool Spool { get; init; }
}
