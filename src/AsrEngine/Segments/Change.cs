using System;

namespace Asr.Engine.Segments;

/// <summary>What a change does to its range.</summary>
public enum ChangeKind : byte
{
    /// <summary>Replaces the content.</summary>
    Data = 1,

    /// <summary>Makes the range read as zeros: a write of zeros, a TRIM or a WRITE_ZEROES.</summary>
    Zero = 2,
}

/// <summary>How a change's content is stored.</summary>
public enum ChunkEncoding : byte
{
    /// <summary>As it is; also for <see cref="ChangeKind.Zero"/>, which stores nothing.</summary>
    None = 0,

    /// <summary>One LZ4 block.</summary>
    Lz4 = 1,
}

/// <summary>
/// One entry of a disk's ordered stream, without its content. <see cref="Offset"/> and <see cref="Length"/> are multiples of 512.
/// </summary>
/// <param name="Sequence">Place in the stream.</param>
/// <param name="Offset">First byte on the disk.</param>
/// <param name="Length">Bytes on the disk: at most <see cref="Contracts.ReplicationLimits.ChangeBytesMax"/> for data, <see cref="ZeroBytesMax"/> for zeros.</param>
/// <param name="Kind">Data or zeros.</param>
/// <param name="Encoding">How the content is stored.</param>
/// <param name="StoredLength">Bytes of stored content.</param>
/// <param name="PayloadOffset">Where the stored content begins in its batch.</param>
/// <param name="Hash">XXH3-128 of the content as it is on the disk; 0 for zeros.</param>
public readonly record struct Change(
    long Sequence,
    long Offset,
    int Length,
    ChangeKind Kind,
    ChunkEncoding Encoding,
    int StoredLength,
    int PayloadOffset,
    UInt128 Hash)
{
    /// <summary>Largest range one zero change covers: 1 GiB. Longer TRIMs are split.</summary>
    public const int ZeroBytesMax = 1 << 30;

    /// <summary>First byte after the range.</summary>
    public long End => Offset + Length;
}
