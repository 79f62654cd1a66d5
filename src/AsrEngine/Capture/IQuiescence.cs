using System;
using System.Collections.Generic;

namespace Asr.Engine.Capture;

/// <summary>
/// Brings the file systems on a machine's disks to rest, so that what is read of the disks meanwhile is one instant of all of them. The calls block their
/// thread. One moment at a time.
/// </summary>
public interface IQuiescence
{
    /// <summary>Writes back what the file systems on these disks hold in memory, so that a moment of rest that follows begins quickly. Best effort.</summary>
    /// <param name="devicePaths">Block devices.</param>
    void WriteBack(IReadOnlyList<string> devicePaths);

    /// <summary>
    /// Freezes every writable file system that lies on the disks, wholly or in part, and can be frozen. When this returns all are frozen; when it throws, none is. From the first
    /// freeze on a watchdog counts: once <paramref name="budget"/> is over it thaws them all, whatever has become of this process.
    /// </summary>
    /// <param name="devicePaths">Block devices. One without file systems adds nothing.</param>
    /// <param name="budget">How long the file systems may be frozen.</param>
    /// <exception cref="Asr.Contracts.AsrException">A file system cannot be frozen, or the budget ended before all were.</exception>
    IQuietMoment Begin(IReadOnlyList<string> devicePaths, TimeSpan budget);
}

/// <summary>A moment of rest. Disposing it thaws what is still frozen.</summary>
public interface IQuietMoment : IDisposable
{
    /// <summary>When the last file system was frozen: what had been written by then is on the disks.</summary>
    DateTimeOffset Since { get; }

    /// <summary>Mount points of the frozen file systems.</summary>
    IReadOnlyList<string> FileSystems { get; }

    /// <summary>
    /// Mount points of writable file systems on the disks that have no freeze, such as FAT on an EFI system partition. They were written back and may change all the
    /// while: like a raw device, they are at rest only if nothing wrote.
    /// </summary>
    IReadOnlyList<string> Unfreezable { get; }

    /// <summary>Whether file systems of this disk are among the frozen ones, and none on any disk goes on writing.</summary>
    bool Covers(string devicePath);

    /// <summary>Thaws. False when the watchdog had thawed before: then what was read since is no instant.</summary>
    bool End();
}
