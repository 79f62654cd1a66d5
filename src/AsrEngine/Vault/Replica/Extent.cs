using System.Runtime.InteropServices;

namespace Asr.Engine.Vault.Replica;

/// <summary>
/// A range of a disk whose newest content is a part of one change. 20 bytes: an index holds millions. Ranges that read as zeros have no extent.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly struct Extent
{
    private const int SkipBits = 11;

    private readonly uint _place;

    /// <summary>Creates an extent; <paramref name="skipSectors"/> sectors of the change lie before it.</summary>
    public Extent(long sector, int sectors, int segment, int change, int skipSectors)
    {
        Sector = sector;
        Sectors = sectors;
        Segment = segment;
        _place = ((uint)change << SkipBits) | (uint)skipSectors;
    }

    /// <summary>First sector on the disk.</summary>
    public long Sector { get; }

    /// <summary>Sectors, at most those of the longest change: 2,048.</summary>
    public int Sectors { get; }

    /// <summary>Number of the segment in the index.</summary>
    public int Segment { get; }

    /// <summary>Number of the change in the segment, below 65,536.</summary>
    public int Change => (int)(_place >> SkipBits);

    /// <summary>Sectors of the change before this part, below 2,048.</summary>
    public int SkipSectors => (int)(_place & ((1u << SkipBits) - 1));

    /// <summary>First sector after the range.</summary>
    public long End => Sector + Sectors;

    /// <summary>The part of it in [<paramref name="from"/>, <paramref name="to"/>), which must overlap it.</summary>
    public Extent Cut(long from, long to)
    {
        long first = long.Max(from, Sector);
        return new Extent(first, (int)(long.Min(to, End) - first), Segment, Change, SkipSectors + (int)(first - Sector));
    }
}
