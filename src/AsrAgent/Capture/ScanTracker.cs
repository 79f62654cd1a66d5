using System;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Agent.Capture;

/// <summary>
/// Stands in where the kernel cannot track writes: it knows that the disk was written, by the kernel's count of sectors, and not where. So all of it is compared by
/// hash, and an instant is found only when nothing was written from the beginning of a comparison to its end.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="limitation">Why its writes cannot be tracked.</param>
internal sealed class ScanTracker(BlockDeviceFacts disk, AsrError limitation) : IChangeTracker
{
    private readonly long _diskBytes = disk.SizeBytes;
    private (long Written, long Discarded)? _seen;

    /// <inheritdoc/>
    public int BlockBytes => ReplicationLimits.DigestRegionBytes;

    /// <inheritdoc/>
    public string DevicePath => disk.DevicePath;

    /// <inheritdoc/>
    public bool IsNew => true;

    /// <inheritdoc/>
    public AsrError? Limitation => limitation;

    /// <inheritdoc/>
    public long WrittenBytes
    {
        get
        {
            try
            {
                return _seen == disk.EndedSectors ? 0 : _diskBytes;
            }
            catch (AsrException)
            {
                // The disk is gone; whoever reads it is told why.
                return _diskBytes;
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>Nothing is tracked that could be doubted.</remarks>
    public DrainOutcome Check() => default;

    /// <inheritdoc/>
    public DrainOutcome Drain(Action<long, long> written, DiskRest rest)
    {
        // Noted before anything is read: what ends later makes the count another one.
        (long Written, long Discarded) now = disk.EndedSectors;
        bool isUnderWay = disk.InFlight.Writes != 0;
        bool isWritten = _seen != now;
        _seen = now;
        return new DrainOutcome { IsUnderWay = isUnderWay, IsEverything = isWritten };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
