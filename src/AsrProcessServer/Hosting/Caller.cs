using System;

namespace Asr.ProcessServer.Hosting;

/// <summary>What a certificate of the vault's authority entitles to.</summary>
internal enum CallerRole
{
    /// <summary>Someone who knows the passphrase.</summary>
    Operator,

    /// <summary>The mobility agent of one machine.</summary>
    Agent,
}

/// <summary>Who sends a request, as proven by a certificate of the vault's authority.</summary>
/// <param name="Role">What the caller may do.</param>
/// <param name="Subject">Subject of the certificate, for logs and jobs.</param>
/// <param name="MachineId">The machine of an agent; null for an operator.</param>
/// <param name="NotBefore">Start of the certificate's validity.</param>
/// <param name="NotAfter">End of the certificate's validity.</param>
internal sealed record Caller(CallerRole Role, string Subject, Guid? MachineId, DateTimeOffset NotBefore, DateTimeOffset NotAfter);
