using System;
using System.Buffers;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Index;

/// <summary>
/// A layer in the store: the directory of its pages is in memory (24 bytes for 1,024 extents), the pages are read when they are needed and kept in
/// a cache that all runs share. Safe for concurrent callers.
/// </summary>
internal sealed class IndexRun : IIndexLayer
{
    // A page in the directory: where it lies, and in which part.
    private const int PageBytes = 128;

    private readonly ISegmentStore _store;
    private readonly IndexPageCache _cache;
    private readonly Page[] _pages;

    private IndexRun(ISegmentStore store, IndexPageCache cache, in SegmentName name, byte level, Page[] pages, long extents)
    {
        _store = store;
        _cache = cache;
        _pages = pages;
        Name = name;
        Level = level;
        ExtentCount = extents;
    }

    /// <summary>Name of the first part: epoch and stretch are those of the run.</summary>
    public SegmentName Name { get; }

    /// <summary>0 for a run written from memory; merging adds one.</summary>
    public byte Level { get; }

    /// <summary>Extents in the run.</summary>
    public long ExtentCount { get; }

    /// <inheritdoc/>
    public long MemoryBytes => PageBytes * (long)_pages.Length;

    /// <summary>Opens a run: reads the directories of its parts. Throws <see cref="AsrErrorCode.SegmentCorrupt"/> or <see cref="AsrErrorCode.SegmentMissing"/>.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="parts">The names of its parts, in order.</param>
    /// <param name="cipher">The epoch's cipher.</param>
    /// <param name="diskSectors">Sectors of the disk.</param>
    /// <param name="cache">Where its pages are kept.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    public static async Task<IndexRun> OpenAsync(
        ISegmentStore store, IReadOnlyList<SegmentName> parts, SegmentCipher cipher, long diskSectors, IndexPageCache cache, CancellationToken cancellationToken)
    {
        List<Page> pages = [];
        byte level = 0;
        bool isComplete = false;
        for (int i = 0; i < parts.Count; i++)
        {
            SegmentName part = parts[i];
            using SealedIndex index = await SealedIndex.ReadAsync(store, part, cipher, IndexDirectory.BytesMax, cancellationToken).ConfigureAwait(false);
            IndexDirectory? directory = IndexDirectory.TryRead(index.Content, index.Trailer, diskSectors);
            if (directory is null
                || part.Generation != i
                || isComplete
                || (pages.Count > 0 && directory.Pages.Count > 0 && directory.Pages[0].FirstSector < pages[^1].Place.EndSector))
            {
                throw SegmentErrors.Corrupt(part, index.Trailer.PayloadBytes, "has a directory that does not add up");
            }

            AddPages(pages, part, index, directory);
            level = directory.Level;
            isComplete = directory.IsLastPart;
        }

        return isComplete
            ? new IndexRun(store, cache, parts[0], level, [.. pages], pages.Sum(static page => (long)page.Place.Extents))
            : throw SegmentErrors.Missing(parts[^1] with { Generation = parts.Count });
    }

    /// <inheritdoc/>
    public async ValueTask FindAsync(long from, long to, List<Extent> output, CancellationToken cancellationToken)
    {
        for (int i = FindPage(from); i < _pages.Length && _pages[i].Place.FirstSector < to; i++)
        {
            Extent[] extents = await ReadPageAsync(i, cancellationToken).ConfigureAwait(false);
            for (int j = FindFirstEndingAfter(extents, from); j < extents.Length && extents[j].Sector < to; j++)
            {
                output.Add(extents[j].Cut(from, to));
            }
        }
    }

    /// <inheritdoc/>
    public long FindNext(long from)
    {
        int page = FindPage(from);
        return page == _pages.Length ? long.MaxValue : long.Max(from, _pages[page].Place.FirstSector);
    }

    /// <summary>Reads every page, for a scrub: throws what is wrong with the first that is damaged.</summary>
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        for (int i = 0; i < _pages.Length; i++)
        {
            await FetchPageAsync(i, cancellationToken).ConfigureAwait(false);
        }
    }

    private static void AddPages(List<Page> pages, in SegmentName part, SealedIndex index, IndexDirectory directory)
    {
        long offset = 0;
        for (int i = 0; i < directory.Pages.Count; i++)
        {
            IndexPagePlace place = directory.Pages[i];
            pages.Add(new Page(part, index.Cipher, i, offset, place));
            offset += place.Bytes + SegmentCipher.TagBytes;
        }
    }

    private static int FindFirstEndingAfter(Extent[] extents, long sector) =>
        Bisection.FindFirst<Extent, long>(extents, sector, static (in Extent extent, long at) => extent.End > at);

    private int FindPage(long sector) => Bisection.FindFirst<Page, long>(_pages, sector, static (in Page page, long at) => page.Place.EndSector > at);

    private async ValueTask<Extent[]> ReadPageAsync(int number, CancellationToken cancellationToken)
    {
        (SegmentName, int) key = (_pages[number].Part, _pages[number].Number);
        if (!_cache.TryGet(key, out Extent[]? extents))
        {
            extents = await FetchPageAsync(number, cancellationToken).ConfigureAwait(false);
            _cache.Add(key, extents, IndexPageCache.CostOf(extents));
        }

        return extents;
    }

    private async ValueTask<Extent[]> FetchPageAsync(int number, CancellationToken cancellationToken)
    {
        Page page = _pages[number];
        int sealedLength = page.Place.Bytes + SegmentCipher.TagBytes;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(sealedLength + page.Place.Bytes);
        try
        {
            await _store.ReadAsync(page.Part, page.Offset, buffer.AsMemory(0, sealedLength), cancellationToken).ConfigureAwait(false);
            Span<byte> plain = buffer.AsSpan(sealedLength, page.Place.Bytes);
            if (!page.Cipher.TryOpenPayload(page.Part, IndexRunPart.PlaceOf(page.Part, page.Number, plain.Length), (ulong)page.Number, buffer.AsSpan(0, sealedLength), plain))
            {
                throw SegmentErrors.Corrupt(page.Part, page.Offset, "holds a page that is not the one sealed");
            }

            Extent[] extents = new Extent[page.Place.Extents];
            return IndexPage.TryRead(plain, page.Place, page.Part.FirstSequence, page.Part.LastSequence, extents)
                ? extents
                : throw SegmentErrors.Corrupt(page.Part, page.Offset, "holds a malformed page");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private sealed record Page(SegmentName Part, SegmentCipher Cipher, int Number, long Offset, IndexPagePlace Place);
}
