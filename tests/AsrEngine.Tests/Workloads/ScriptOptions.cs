namespace Asr.Engine.Tests.Workloads;

/// <summary>How the vault of a script is set up.</summary>
internal sealed record ScriptOptions
{
    /// <summary>Segments between two index checkpoints; few, so that they are common.</summary>
    public int CheckpointSegments { get; init; } = 2;

    /// <summary>Whether there is a spool, on the same file layer.</summary>
    public bool HasSpool { get; init; }

    /// <summary>The vault's master key.</summary>
    public byte[] MasterKey { get; init; } = new byte[32];
}
