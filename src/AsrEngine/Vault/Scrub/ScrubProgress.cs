using Asr.Contracts;

namespace Asr.Engine.Vault.Scrub;

/// <summary>How far a scrub is; the last one of a scrub that has seen everything has an <see cref="AsrVaultCheck.EndTime"/>.</summary>
public sealed record ScrubProgress
{
    /// <summary>What has been verified and found.</summary>
    public required AsrVaultCheck Check { get; init; }

    /// <summary>The object that was verified last, in words.</summary>
    public required string Object { get; init; }

    /// <summary>Objects there were when the scrub began or went on, those it had seen before included. Others come and go meanwhile.</summary>
    public long ObjectsTotal { get; init; }

    /// <summary>What is wrong with the object, or null. Those of before a stop, and those beyond what is listed, are in <see cref="Check"/> only.</summary>
    public AsrVaultFinding? Finding { get; init; }
}
