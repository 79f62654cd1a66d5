using System;

namespace Asr.Contracts;

/// <summary>A disk that an agent offers or replicates.</summary>
public sealed record AsrDisk
{
    /// <summary>Stable id, made by the agent when the disk is first offered.</summary>
    public Guid Id { get; init; }

    /// <summary>Name of the disk within its machine.</summary>
    public string Name { get; init; } = "";

    /// <summary>Size in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>NBD address at which the workload uses the disk, or null when it is not served.</summary>
    public string? ExportUri { get; init; }

    /// <summary>How changes are captured at present.</summary>
    public CaptureMode CaptureMode { get; init; }

    /// <summary>Bytes whose content is not yet in the stream.</summary>
    public long PendingBytes { get; init; }

    /// <summary>Bytes captured and waiting to be sent.</summary>
    public long QueuedBytes { get; init; }

    /// <summary>Raw bytes sent since the agent started.</summary>
    public long SentBytes { get; init; }

    /// <summary>Bytes on the wire since the agent started, after compression.</summary>
    public long WireBytes { get; init; }

    /// <summary>Last change that is durable in the vault.</summary>
    public long VaultSequence { get; init; }

    /// <summary>Seconds that the vault is behind the disk: what was written longer ago is in it. Null before it first had all of the disk since the agent started.</summary>
    public double? LagSeconds { get; init; }

    /// <summary>What makes the disk's protection weaker than it could be, or null.</summary>
    public AsrError? Warning { get; init; }

    /// <summary>What keeps the disk from replicating, or null.</summary>
    public AsrError? Error { get; init; }
}

/// <summary>How changes of a disk are captured.</summary>
public enum CaptureMode
{
    /// <summary>Not captured.</summary>
    None = 0,

    /// <summary>Every write travels in order with its data.</summary>
    Data = 1,

    /// <summary>Regions are marked and read later: initial replication, overload, or recovery after a crash.</summary>
    Bitmap = 2,

    /// <summary>Regions are compared by hash with the replica.</summary>
    Scan = 3,

    /// <summary>Marked but not sent: replication is paused.</summary>
    Paused = 4,

    /// <summary>The workload's writes are refused: the machine has been failed over, or is failing back.</summary>
    Offline = 5,

    /// <summary>The machine uses the disk directly; its kernel tracks what is written, and that is read and sent.</summary>
    Ebpf = 6,
}
