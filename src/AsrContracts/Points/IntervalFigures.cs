using System;
using System.Text.Json.Serialization;

namespace Asr.Contracts;

/// <summary>What changed on a machine's disks between two recovery points, as the process server took it in.</summary>
public sealed record IntervalFigures
{
    /// <summary>Time of the point before, where the interval begins; it ends at the point that carries these figures.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Bytes on the disks that were written, made zero or trimmed; those written twice count twice.</summary>
    public long ChangedBytes { get; init; }

    /// <summary>Those of them that have content: all but zeros.</summary>
    public long ContentBytes { get; init; }

    /// <summary>What the content takes, compressed.</summary>
    public long StoredBytes { get; init; }

    /// <summary>Those of the content that look like random bytes, as what is encrypted or packed does; estimated from samples.</summary>
    public long OpaqueBytes { get; init; }

    /// <summary>
    /// Mean Shannon entropy of samples of 1 KiB of the content, in bits per byte: text has about 4 to 5, programs about 6, and what is compressed or encrypted 7.8,
    /// the most that a sample of this size shows. Null when nothing was sampled.
    /// </summary>
    public double? EntropyBits { get; init; }

    /// <summary>Content bytes per stored byte: 1 for what does not compress. Null without content.</summary>
    [JsonIgnore]
    public double? CompressionRatio => StoredBytes == 0 ? null : (double)ContentBytes / StoredBytes;
}
