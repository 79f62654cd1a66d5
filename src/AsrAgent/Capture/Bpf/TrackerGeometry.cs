using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Agent.Capture.Bpf;

/// <summary>Which disk a tracker is for and what its bits stand for.</summary>
/// <param name="DiskSequence">The kernel's number of the disk.</param>
/// <param name="DiskBytes">Its size.</param>
/// <param name="BlockBytes">Bytes of a block.</param>
internal sealed record TrackerGeometry(long DiskSequence, long DiskBytes, int BlockBytes)
{
    /// <summary>Smallest block: a page, in which file systems write.</summary>
    public const int BlockBytesMin = 4 << 10;

    /// <summary>Largest block: the region in which disks are compared.</summary>
    public const int BlockBytesMax = ReplicationLimits.DigestRegionBytes;

    /// <summary>Kernel memory that the bits of one disk take at most, unless the largest block takes more: 2 TiB have blocks of 4 KiB, 16 TiB of 32 KiB.</summary>
    private const long BitmapBytesMax = 64L << 20;

    /// <summary>Number of blocks.</summary>
    public long Blocks => (DiskBytes + BlockBytes - 1) / BlockBytes;

    /// <summary>Words of the bitmap of blocks.</summary>
    public int BlockWords => (int)((Blocks + 63) / 64);

    /// <summary>Number of chunks.</summary>
    public int Chunks => (BlockWords + (1 << TrackerPrograms.ChunkWordShift) - 1) >> TrackerPrograms.ChunkWordShift;

    /// <summary>Words of the bitmaps of chunks.</summary>
    public int ChunkWords => (Chunks + 63) / 64;

    /// <summary>Blocks as small as the disk's size allows.</summary>
    public static int BlockBytesFor(long diskBytes)
    {
        int blockBytes = BlockBytesMin;
        while (blockBytes < BlockBytesMax && diskBytes / blockBytes / 8 > BitmapBytesMax)
        {
            blockBytes *= 2;
        }

        return blockBytes;
    }

    /// <summary>Whether counters speak of this geometry.</summary>
    public bool IsNotedIn(MappedWords counters) =>
        counters[(int)Counter.LayoutVersion] == PinnedTracker.LayoutVersion
        && counters[(int)Counter.DiskSequence] == (ulong)DiskSequence
        && counters[(int)Counter.DiskBytes] == (ulong)DiskBytes
        && counters[(int)Counter.BlockBytes] == (ulong)BlockBytes;

    /// <summary>Writes it down.</summary>
    public void NoteIn(MappedWords counters)
    {
        counters[(int)Counter.DiskSequence] = (ulong)DiskSequence;
        counters[(int)Counter.DiskBytes] = (ulong)DiskBytes;
        counters[(int)Counter.BlockBytes] = (ulong)BlockBytes;
        counters[(int)Counter.LayoutVersion] = PinnedTracker.LayoutVersion;
    }
}
