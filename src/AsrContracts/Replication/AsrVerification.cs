using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Serialization;

namespace Asr.Contracts;

/// <summary>A comparison of a machine's disks with their replicas, by digests, while the machine goes on writing.</summary>
public sealed record AsrVerification
{
    /// <summary>Its id, which is that of its job.</summary>
    public Guid Id { get; init; }

    /// <summary>The recovery point that was made for it; null until that is published.</summary>
    public Guid? RecoveryPointId { get; init; }

    /// <summary>The instant of that point.</summary>
    public DateTimeOffset? RecoveryPointTime { get; init; }

    /// <summary>Bytes read of the disks so far.</summary>
    public long ReadBytes { get; init; }

    /// <summary>When it ended, by the clock of the agent; once it is kept by the appliance, by the appliance's. Null while it runs.</summary>
    public DateTimeOffset? EndTime { get; init; }

    /// <summary>Its disks.</summary>
    public IReadOnlyList<VerifiedDisk> Disks { get; init; } = Array.Empty<VerifiedDisk>();

    /// <summary>Why it ended before everything was compared; else null.</summary>
    public AsrError? Error { get; init; }

    /// <summary>True when it ended with every byte of every disk compared and equal.</summary>
    [JsonIgnore]
    public bool IsEqual => EndTime is not null && Error is null && Disks.Count > 0 && Disks.All(static disk => disk.DifferentBytes == 0 && disk.UncomparedBytes == 0);
}

/// <summary>
/// What is known of one disk. The bytes of the four figures that end in Bytes add up to its size. "Equal" is said of a region only when nothing was written to it, as far as the capture knows, between the
/// instant that the replica was taken at and the moment at which the source was read; so is "different".
/// </summary>
public sealed record VerifiedDisk
{
    /// <summary>The disk.</summary>
    public Guid DiskId { get; init; }

    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its size in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Bytes of the recovery point that equal what the source had at its instant.</summary>
    public long EqualBytes { get; init; }

    /// <summary>
    /// Bytes of regions that were written after the recovery point and before they could be compared with it. They were compared with the replica at a later place of the stream, and are equal
    /// there. Of the point that proves what those writes have left of it.
    /// </summary>
    public long EqualLaterBytes { get; init; }

    /// <summary>Bytes that differ, in whole blocks of <see cref="ReplicationLimits.DigestBlockBytes"/>.</summary>
    public long DifferentBytes { get; init; }

    /// <summary>Bytes not compared, or not yet: while it runs, what is left; at its end, what was written so often that no moment without a write was found.</summary>
    public long UncomparedBytes { get; init; }

    /// <summary>Where they differ, in order as found: the first <see cref="ReplicationLimits.VerificationRangesMax"/> ranges.</summary>
    public IReadOnlyList<DiskRange> Differences { get; init; } = Array.Empty<DiskRange>();
}

/// <summary>A range of a disk.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes.</param>
public sealed record DiskRange(long Offset, long Length);
