using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Asr.Engine.Vault.Index;

/// <summary>
/// Extents by ascending sector, without overlaps: pages of structs under one directory, so an insertion moves at most a page's worth.
/// Not thread-safe.
/// </summary>
internal sealed class ExtentMap
{
    private const int PageExtents = 256;

    private readonly List<Page> _pages = [];

    /// <summary>Extents in the map.</summary>
    public int Count { get; private set; }

    /// <summary>Puts an extent in place of whatever its range held.</summary>
    public void Set(in Extent extent)
    {
        Clear(extent.Sector, extent.End);
        Insert(extent);
    }

    /// <summary>Removes every extent's part in [<paramref name="from"/>, <paramref name="to"/>).</summary>
    public void Clear(long from, long to)
    {
        int pageIndex = FindPage(from);
        while (pageIndex < _pages.Count)
        {
            Page page = _pages[pageIndex];
            int first = page.FindFirstEndingAfter(from);
            int last = first;
            while (last < page.Count && page.Extents[last].Sector < to)
            {
                last++;
            }

            if (first == last)
            {
                return;
            }

            bool goesOn = last == page.Count;
            Extent left = page.Extents[first];
            Extent right = page.Extents[last - 1];
            Remove(pageIndex, first, last - first);
            if (right.End > to)
            {
                Insert(right.Cut(to, right.End));
                goesOn = false;
            }

            if (left.Sector < from)
            {
                Insert(left.Cut(left.Sector, from));
            }

            if (!goesOn)
            {
                return;
            }

            pageIndex = FindPage(from);
        }
    }

    /// <summary>Adds the parts of all extents in [<paramref name="from"/>, <paramref name="to"/>) to a list, cut to that range, in order.</summary>
    public void CopyTo(long from, long to, List<Extent> output)
    {
        for (int pageIndex = FindPage(from); pageIndex < _pages.Count; pageIndex++)
        {
            Page page = _pages[pageIndex];
            for (int i = page.FindFirstEndingAfter(from); i < page.Count; i++)
            {
                ref readonly Extent extent = ref page.Extents[i];
                if (extent.Sector >= to)
                {
                    return;
                }

                output.Add(extent.Cut(from, to));
            }
        }
    }

    /// <summary>First sector at or after <paramref name="from"/> that an extent covers; <see cref="long.MaxValue"/> when there is none.</summary>
    public long FindNext(long from)
    {
        int pageIndex = FindPage(from);
        if (pageIndex == _pages.Count)
        {
            return long.MaxValue;
        }

        Page page = _pages[pageIndex];
        return long.Max(from, page.Extents[page.FindFirstEndingAfter(from)].Sector);
    }

    /// <summary>The page that holds the first extent ending after a sector, or the number of pages.</summary>
    private int FindPage(long sector) =>
        Bisection.FindFirst<Page, long>(CollectionsMarshal.AsSpan(_pages), sector, static (in Page page, long at) => page.Extents[page.Count - 1].End > at);

    private void Insert(in Extent extent)
    {
        int pageIndex = FindPage(extent.Sector);

        // After the last extent of a page is as good as before the first of the next, and keeps ascending writes filling one page.
        if (pageIndex > 0 && (pageIndex == _pages.Count || _pages[pageIndex].Extents[0].Sector > extent.Sector) && _pages[pageIndex - 1].Count < PageExtents)
        {
            pageIndex--;
        }

        if (pageIndex == _pages.Count)
        {
            _pages.Add(new Page());
        }

        Page page = _pages[pageIndex];
        int at = page.FindFirstEndingAfter(extent.Sector);
        if (page.Count == PageExtents)
        {
            Page upper = page.Split();
            _pages.Insert(pageIndex + 1, upper);
            if (at > page.Count)
            {
                at -= page.Count;
                page = upper;
            }
        }

        page.Extents.AsSpan(at, page.Count - at).CopyTo(page.Extents.AsSpan(at + 1));
        page.Extents[at] = extent;
        page.Count++;
        Count++;
    }

    private void Remove(int pageIndex, int first, int count)
    {
        Page page = _pages[pageIndex];
        page.Extents.AsSpan((first + count)..page.Count).CopyTo(page.Extents.AsSpan(first));
        page.Count -= count;
        Count -= count;
        if (page.Count == 0)
        {
            _pages.RemoveAt(pageIndex);
        }
    }

    /// <summary>Never empty while it is in the directory, except inside one operation.</summary>
    private sealed class Page
    {
        public readonly Extent[] Extents = new Extent[PageExtents];

        public int Count;

        public int FindFirstEndingAfter(long sector) => Bisection.FindFirst<Extent, long>(Extents.AsSpan(0, Count), sector, static (in Extent extent, long at) => extent.End > at);

        public Page Split()
        {
            Page upper = new();
            int half = Count / 2;
            Extents.AsSpan(half, Count - half).CopyTo(upper.Extents);
            upper.Count = Count - half;
            Count = half;
            return upper;
        }
    }
}
