using System;
using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.Engine.Capture;

/// <summary>
/// The regions of one disk whose content may not be in the vault yet, kept on the source's own storage so that a crash of the agent costs a
/// small resynchronisation and never a hole. A bit is set <i>before</i> the write it covers reaches the disk and cleared only after
/// the vault holds the region's newest content. Marks survive kill -9 at once; a power cut is told by the boot id, and then the
/// log's word is not taken. Not thread-safe, except that <see cref="SetPosition"/>, <see cref="SetBeingRestored"/> and <see cref="SetResynchronizeGeneration"/>, called one at a
/// time, may run beside the marks: the capture marks under its own lock and does not hold it while a header reaches the disk.
/// </summary>
public interface IActivityLog : IDisposable
{
    /// <summary>Size of a region in bytes.</summary>
    int RegionBytes { get; }

    /// <summary>What the log found when it was opened.</summary>
    ActivityLogState OpenedAs { get; }

    /// <summary>
    /// What the marks are relative to: every unmarked region's content is in the stream of this epoch, at or before this sequence.
    /// Epoch 0 before the first session. A stream that ends earlier, or under another epoch, is not the one the log speaks of.
    /// </summary>
    StreamPosition Position { get; }

    /// <summary>Nonce for the next request for a session; the same, also after a restart, until <see cref="SetPosition"/> records the outcome.</summary>
    Guid SessionNonce { get; }

    /// <summary>Last asked-for comparison of the whole disk that was completed.</summary>
    long ResynchronizeGeneration { get; }

    /// <summary>
    /// True from the beginning of a failback to its end, also after a restart: in between the disk is neither what it was nor what it shall be.
    /// </summary>
    bool IsBeingRestored { get; }

    /// <summary>Marks a region. Returns only when the mark would survive the end of this process.</summary>
    void Mark(long region);

    /// <summary>Marks every region: nothing is known about the disk.</summary>
    void MarkAll();

    /// <summary>Clears a region.</summary>
    void Clear(long region);

    /// <summary>Clears every region: the disk is known to equal <see cref="Position"/>.</summary>
    void ClearAll();

    /// <summary>Marked regions in order.</summary>
    IEnumerable<long> EnumerateMarked();

    /// <summary>Raises the sequence of <see cref="Position"/>; called before regions are cleared on the strength of it. As cheap as a mark.</summary>
    void Advance(long vaultSequence);

    /// <summary>Records the position that the marks are relative to from now on, durable when it returns, and draws a new nonce.</summary>
    void SetPosition(StreamPosition position);

    /// <summary>Records a completed comparison, durable when it returns.</summary>
    void SetResynchronizeGeneration(long generation);

    /// <summary>Records that a failback begins or has ended, durable when it returns.</summary>
    void SetBeingRestored(bool isBeingRestored);

    /// <summary>Makes everything durable and records an orderly end, so that the next start need not doubt the log.</summary>
    void CloseCleanly();
}

/// <summary>What opening an activity log found.</summary>
public enum ActivityLogState
{
    /// <summary>There was none: the disk is new to this agent.</summary>
    New,

    /// <summary>Trustworthy: the marked regions, and only they, may differ from the replica.</summary>
    Trusted,

    /// <summary>The machine rebooted without an orderly end: writes may have reached the disk unmarked. Compare everything.</summary>
    Rebooted,

    /// <summary>The disk was changed after the orderly end, past the capture. Compare everything.</summary>
    SourceChanged,

    /// <summary>The log failed its checks. Compare everything.</summary>
    Corrupt,

    /// <summary>The disk's size is not the log's. Compare everything.</summary>
    SizeChanged,

    /// <summary>What tracked the writes to the disk, or the log with it, has been removed. Compare everything.</summary>
    TrackingLost,
}
