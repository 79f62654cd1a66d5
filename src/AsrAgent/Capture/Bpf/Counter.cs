namespace Asr.Agent.Capture.Bpf;

/// <summary>
/// Slots of the counters that programs and agent share. Sectors have 512 bytes. The first are the programs', the rest the agent's, which keeps there what
/// must be known to the next agent of the same run of the system.
/// </summary>
internal enum Counter
{
    /// <summary>Sectors of writes handed to the disk.</summary>
    WrittenSectors,

    /// <summary>Sectors of discards handed to the disk; the kernel counts them apart, so they are here too.</summary>
    DiscardedSectors,

    /// <summary>Sectors of writes that have ended well.</summary>
    WriteDoneSectors,

    /// <summary>Sectors of discards that have ended well.</summary>
    DiscardDoneSectors,

    /// <summary>Sectors of writes sent back because the caller would not wait; the kernel does not count them as written.</summary>
    WriteReturnedSectors,

    /// <summary>Sectors of discards sent back likewise.</summary>
    DiscardReturnedSectors,

    /// <summary>Sectors of writes that failed.</summary>
    WriteFailedSectors,

    /// <summary>Sectors of discards that failed.</summary>
    DiscardFailedSectors,

    /// <summary>Writes for which there was no room in the table of those under way.</summary>
    NotFollowed,

    /// <summary>Operations whose place is not known when they begin: zone appends, zone resets.</summary>
    NotPlaced,

    /// <summary>Commands to the driver that carry data to the device and pass the block layer by.</summary>
    PassedBy,

    /// <summary>
    /// Sum of all bits of blocks that were set, each by its value in its word. Sums of bits that no two words' parts share add up, so at rest it is what has been taken
    /// plus what is still there: a bit that got lost shows.
    /// </summary>
    SetSum,

    /// <summary>Slots of the programs.</summary>
    ProgramSlots = 16,

    /// <summary>Layout of all maps; a tracker of another layout is not taken over.</summary>
    LayoutVersion = ProgramSlots,

    /// <summary>The kernel's number of the disk, which no other disk gets until the next start of the system.</summary>
    DiskSequence,

    /// <summary>Bytes of the disk.</summary>
    DiskBytes,

    /// <summary>Bytes of a block: what one bit stands for.</summary>
    BlockBytes,

    /// <summary>1 once the disk was seen at rest, so that the bases below hold.</summary>
    IsSettled,

    /// <summary>The kernel's count of written sectors less the programs', at the last rest.</summary>
    WrittenBase,

    /// <summary>The kernel's count of discarded sectors less the programs', at the last rest.</summary>
    DiscardedBase,

    /// <summary>The kernel's count of sectors, written and discarded, less those seen to end, at the last rest.</summary>
    EndedBase,

    /// <summary>Skipped runs of the programs that have been answered for.</summary>
    KnownMisses,

    /// <summary><see cref="NotFollowed"/>, <see cref="NotPlaced"/> and <see cref="PassedBy"/> together, as far as answered for.</summary>
    KnownGaps,

    /// <summary>Number of slots.</summary>
    Count = 64,
}
