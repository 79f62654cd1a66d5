using System;
using Asr.Contracts;

namespace Asr.Engine.Capture;

/// <summary>
/// Notes which blocks of a disk are written by anyone, in something that outlives this process (the kernel), so that a disk can be replicated that the workload
/// uses directly. One caller at a time.
/// </summary>
public interface IChangeTracker : IDisposable
{
    /// <summary>What is noted is whole blocks of this many bytes: a power of two, 4 KiB to 64 KiB.</summary>
    int BlockBytes { get; }

    /// <summary>The device, for bringing what lies on it to rest.</summary>
    string DevicePath { get; }

    /// <summary>True when the tracker was made by this process: what was written before is not known to it.</summary>
    bool IsNew { get; }

    /// <summary>Why it is known only that the disk is written, not where, so that all of it is compared; null for a tracker that knows.</summary>
    AsrError? Limitation { get; }

    /// <summary>Roughly how much has been written since the last drain, in bytes. Cheap, and may be asked beside a drain.</summary>
    long WrittenBytes { get; }

    /// <summary>What the tracking says about itself, without taking anything. Cheap enough for every second.</summary>
    DrainOutcome Check();

    /// <summary>
    /// Takes the blocks written since the last drain. Each run of blocks is told before it is forgotten, so that a process that dies in between leaves it
    /// noted. Blocks of writes that have not ended stay noted: what is read there may be what was before.
    /// </summary>
    /// <param name="written">Called with runs of blocks.</param>
    /// <param name="rest">What the caller knows of the disk.</param>
    DrainOutcome Drain(Action<long, long> written, DiskRest rest);
}

/// <summary>What is known about writes to a disk at a moment.</summary>
public enum DiskRest
{
    /// <summary>Writes may be under way.</summary>
    None,

    /// <summary>The caller hopes that nobody writes: the disk carries no file system.</summary>
    Assumed,

    /// <summary>Every file system on the disk is frozen.</summary>
    Frozen,
}

/// <summary>What a drain says about the tracking.</summary>
public readonly record struct DrainOutcome
{
    /// <summary>True when writes are under way, so that some blocks stayed noted.</summary>
    public bool IsUnderWay { get; init; }

    /// <summary>
    /// True when the kernel's own counts do not fit what was tracked, which can have a harmless reason. Only at rest can be told which.
    /// </summary>
    public bool IsDoubtful { get; init; }

    /// <summary>True when the disk was seen at rest for the first time: writes from before the tracking may have been under way until now.</summary>
    public bool IsFirstRest { get; init; }

    /// <summary>True when anything may have been written: all of the disk is to be compared.</summary>
    public bool IsEverything { get; init; }

    /// <summary>Why writes may have been missed, once for each time; null when there is no reason to think so.</summary>
    public string? Loss { get; init; }
}
