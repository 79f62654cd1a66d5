using System;
using System.Collections.Generic;
using System.Threading;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Replica;

/// <summary>
/// What a disk holds at one position: for every range the segment and change with its newest content. Safe for concurrent callers; one of
/// them applies, any number look up.
/// </summary>
internal sealed class ReplicaIndex
{
    public const int SectorBytes = 512;

    private readonly Lock _lock = new();
    private readonly ExtentMap _extents = new();
    private readonly List<SegmentName> _segments = [];

    /// <summary>Extents in the index.</summary>
    public int ExtentCount
    {
        get
        {
            lock (_lock)
            {
                return _extents.Count;
            }
        }
    }

    /// <summary>A copy of the names of the segments applied.</summary>
    public IReadOnlyList<SegmentName> Segments
    {
        get
        {
            lock (_lock)
            {
                return [.. _segments];
            }
        }
    }

    /// <summary>Applies the changes of a segment up to and including <paramref name="upTo"/>. Segments are applied in stream order.</summary>
    public void Apply(in SegmentName name, ReadOnlySpan<Change> changes, long upTo)
    {
        lock (_lock)
        {
            int segment = _segments.Count;
            _segments.Add(name);
            for (int i = 0; i < changes.Length && changes[i].Sequence <= upTo; i++)
            {
                ref readonly Change change = ref changes[i];
                long sector = change.Offset / SectorBytes;
                int sectors = change.Length / SectorBytes;
                if (change.Kind == ChangeKind.Zero)
                {
                    _extents.Clear(sector, sector + sectors);
                }
                else
                {
                    _extents.Set(new Extent(sector, sectors, segment, i, 0));
                }
            }
        }
    }

    /// <summary>Adds the extents in a byte range (of whole sectors) to a list, cut to it, in order. What lies between them reads as zeros.</summary>
    public void Find(long offset, long length, List<Extent> output)
    {
        lock (_lock)
        {
            _extents.CopyTo(offset / SectorBytes, (offset + length) / SectorBytes, output);
        }
    }

    /// <summary>Name of a segment by its number in an extent.</summary>
    public SegmentName SegmentOf(in Extent extent)
    {
        lock (_lock)
        {
            return _segments[extent.Segment];
        }
    }

    /// <summary>A copy at this moment: the segments that are still needed, and the extents with their numbers among those.</summary>
    public (SegmentName[] Segments, Extent[] Extents) Snapshot()
    {
        lock (_lock)
        {
            Extent[] extents = new Extent[_extents.Count];
            _extents.CopyTo(extents);
            int[] renumbered = new int[_segments.Count];
            List<SegmentName> used = [];
            for (int i = 0; i < extents.Length; i++)
            {
                ref Extent extent = ref extents[i];
                ref int number = ref renumbered[extent.Segment];
                if (number == 0)
                {
                    used.Add(_segments[extent.Segment]);
                    number = used.Count;
                }

                extent = new Extent(extent.Sector, extent.Sectors, number - 1, extent.Change, extent.SkipSectors);
            }

            return ([.. used], extents);
        }
    }

    /// <summary>Fills an empty index from a snapshot whose extents have been checked for order and bounds.</summary>
    public void Load(ReadOnlySpan<SegmentName> segments, ReadOnlySpan<Extent> extents)
    {
        lock (_lock)
        {
            _segments.AddRange(segments);
            foreach (ref readonly Extent extent in extents)
            {
                _extents.Append(extent);
            }
        }
    }
}
