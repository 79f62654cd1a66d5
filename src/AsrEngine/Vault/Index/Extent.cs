using System.Runtime.InteropServices;

namespace Asr.Engine.Vault.Index;

/// <summary>
/// A range of a disk and the change that it was last written by: 20 bytes, since an index holds millions. Which object holds the change is looked up
/// when it is read, so that changes may move from one to another. Sequences go on across the epochs of a branch, so they need no epoch beside them.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly struct Extent
{
    private readonly long _mark;

    /// <summary>Creates an extent.</summary>
    public Extent(long sector, int sectors, long sequence, bool isZero)
        : this(sector, sectors, (sequence << 1) | (isZero ? 1L : 0L))
    {
    }

    private Extent(long sector, int sectors, long mark)
    {
        Sector = sector;
        Sectors = sectors;
        _mark = mark;
    }

    /// <summary>First sector on the disk.</summary>
    public long Sector { get; }

    /// <summary>Sectors, at least 1.</summary>
    public int Sectors { get; }

    /// <summary>The change, below 2^62.</summary>
    public long Sequence => _mark >>> 1;

    /// <summary>True when the change made the range zeros; where no extent is, nothing was ever written, which reads the same.</summary>
    public bool IsZero => (_mark & 1) != 0;

    /// <summary>First sector after the range.</summary>
    public long End => Sector + Sectors;

    /// <summary>The part of it in [<paramref name="from"/>, <paramref name="to"/>), which must overlap it.</summary>
    public Extent Cut(long from, long to)
    {
        long first = long.Max(from, Sector);
        return new Extent(first, (int)(long.Min(to, End) - first), _mark);
    }

    /// <summary>Whether <paramref name="next"/> goes on where this ends, of the same change; the two are then one extent.</summary>
    public bool TryJoin(in Extent next, out Extent joined)
    {
        bool joins = next.Sector == End && next._mark == _mark && (long)Sectors + next.Sectors <= int.MaxValue;
        joined = joins ? new Extent(Sector, Sectors + next.Sectors, _mark) : this;
        return joins;
    }
}
