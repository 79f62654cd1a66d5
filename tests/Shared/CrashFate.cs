using System;

namespace Asr.Tests.Shared;

/// <summary>
/// What a power cut does to everything that was not synced. Changes of names are kept or lost one by one, a rename as a whole; contents are there,
/// missing, cut short, zeros, or a mixture by sectors of 512 bytes.
/// </summary>
public abstract class CrashFate
{
    private const int SectorBytes = 512;

    /// <summary>Nothing unsynced is found again.</summary>
    public static CrashFate LosesAll { get; } = new Uniform(keeps: false, static _ => []);

    /// <summary>Everything is found as it was written: what a killed process leaves behind.</summary>
    public static CrashFate KeepsAll { get; } = new Uniform(keeps: true, static content => content);

    /// <summary>Names without contents: the order in which many file systems write.</summary>
    public static CrashFate KeepsNames { get; } = new Uniform(keeps: true, static content => new byte[content.Length]);

    /// <summary>Each thing has a fate of its own.</summary>
    public static CrashFate Drawn(Random random) => new Dice(random);

    /// <summary>Whether the unsynced change of this name is found.</summary>
    public abstract bool Keeps(string path);

    /// <summary>What is found of an unsynced content.</summary>
    public abstract byte[] Survives(string path, byte[] content);

    private static byte[] TearBySectors(byte[] content, Random random)
    {
        byte[] found = new byte[content.Length];
        for (int at = 0; at < content.Length; at += SectorBytes)
        {
            if (random.Next(2) == 0)
            {
                content.AsSpan(at, int.Min(SectorBytes, content.Length - at)).CopyTo(found.AsSpan(at));
            }
        }

        return random.Next(2) == 0 ? found : found[..random.Next(found.Length + 1)];
    }

    private sealed class Uniform(bool keeps, Func<byte[], byte[]> survives) : CrashFate
    {
        public override bool Keeps(string path) => keeps;

        public override byte[] Survives(string path, byte[] content) => survives(content);
    }

    private sealed class Dice(Random random) : CrashFate
    {
        public override bool Keeps(string path) => random.Next(2) == 0;

        public override byte[] Survives(string path, byte[] content) => random.Next(5) switch
        {
            0 => [],
            1 => content[..random.Next(content.Length + 1)],
            2 => new byte[content.Length],
            3 => TearBySectors(content, random),
            _ => content,
        };
    }
}
