using System;

namespace Asr.ProcessServer.Configuration;

/// <summary>What the vault keeps of an enrollment token: enough to recognise it, not enough to use it.</summary>
internal sealed record TokenDocument
{
    /// <summary>SHA-256 of the secret. The secret is 256 random bits, so a plain hash cannot be searched.</summary>
    public byte[] SecretHash { get; init; } = [];

    /// <summary>When it ends.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Who made it.</summary>
    public string CreatedBy { get; init; } = "";

    /// <summary>SHA-256 of the public key that used it up, or null while it is unused.</summary>
    public byte[]? UsedByKey { get; init; }

    /// <summary>Name of the machine that used it up, or null.</summary>
    public string? UsedByMachine { get; init; }
}
