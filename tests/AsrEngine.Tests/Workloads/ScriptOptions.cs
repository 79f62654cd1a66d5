namespace Asr.Engine.Tests.Workloads;

/// <summary>How the vault of a script is set up.</summary>
internal sealed record ScriptOptions
{
    /// <summary>Segments of one index run; few, so that runs are common, and merges of them.</summary>
    public int IndexRunSegments { get; init; } = 2;

    /// <summary>Whether there is a spool, on the same file layer.</summary>
    public bool HasSpool { get; init; }

    /// <summary>The vault's master key.</summary>
    public byte[] MasterKey { get; init; } = new byte[32];
}
