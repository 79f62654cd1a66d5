namespace Asr.Oracle.Tests.Harness;

/// <summary>What one run consists of. Everything random in it comes from the seed, except the interleaving of threads.</summary>
/// <param name="Seed">Printed on failure.</param>
internal sealed record RunPlan(int Seed)
{
    /// <summary>Bytes of the machine's disks.</summary>
    public long[] DiskBytes { get; init; } = [3 << 20, 1 << 20];

    /// <summary>Writers that run side by side.</summary>
    public int Writers { get; init; } = 3;

    /// <summary>Things that happen to the system in the run.</summary>
    public int Actions { get; init; } = 18;

    /// <summary>Share of requests that a network fault hits, for each kind of fault.</summary>
    public double FaultRate { get; init; } = 0.03;

    /// <summary>Memory for captured content; small, so that overload is common.</summary>
    public long QueueBytesMax { get; init; } = 4 << 20;

    public override string ToString() => $"seed {Seed}";
}
