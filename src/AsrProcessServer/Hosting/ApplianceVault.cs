using System.Security.Cryptography.X509Certificates;
using Asr.Engine.Vault;
using Asr.ProcessServer.Configuration;

namespace Asr.ProcessServer.Hosting;

/// <summary>An opened vault with what the appliance needs to speak for it. Its parts stay the caller's; the host disposes none of them.</summary>
internal sealed record ApplianceVault
{
    /// <summary>The vault.</summary>
    public required IVault Vault { get; init; }

    /// <summary>The vault's authority, with private key.</summary>
    public required X509Certificate2 Authority { get; init; }

    /// <summary>The passphrase's test.</summary>
    public required IPassphraseCheck Passphrase { get; init; }
}
