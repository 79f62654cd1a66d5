using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Replica;

/// <summary>
/// A disk at a position, read-only. Contents are fetched, authenticated and expanded whole and kept in a small cache, because neighbours are
/// usually read next. Reads need not be aligned.
/// </summary>
internal sealed class ReplicaImage : IBlockDevice
{
    private const long ContentCacheBytes = 32L << 20;
    private const long TableCacheBytes = 32L << 20;
    private const int FetchGates = 64;

    private readonly ISegmentStore _store;
    private readonly DiskKeys _keys;
    private readonly ReplicaIndex _index;
    private readonly BoundedCache<SegmentName, SegmentTable> _tables = new(TableCacheBytes);
    private readonly BoundedCache<(int Epoch, long Sequence), byte[]> _contents = new(ContentCacheBytes);

    // Readers that ask for pieces of one content at the same time, as an NBD client does, must not each fetch and expand all of it.
    private readonly SemaphoreSlim[] _fetching = MakeGates();

    /// <summary>Opens an image; it owns <paramref name="keys"/>.</summary>
    public ReplicaImage(ISegmentStore store, DiskKeys keys, ReplicaIndex index, long length)
    {
        _store = store;
        _keys = keys;
        _index = index;
        Length = length;
    }

    /// <inheritdoc/>
    public long Length { get; }

    /// <inheritdoc/>
    public bool IsReadOnly => true;

    /// <inheritdoc/>
    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        CheckRange(offset, buffer.Length);
        buffer.Span.Clear();
        foreach (Extent extent in Find(offset, buffer.Length))
        {
            byte[] content = await ReadContentAsync(extent, cancellationToken).ConfigureAwait(false);
            long extentOffset = extent.Sector * ReplicaIndex.SectorBytes;
            long from = long.Max(offset, extentOffset);
            long to = long.Min(offset + buffer.Length, extent.End * ReplicaIndex.SectorBytes);
            int skip = (extent.SkipSectors * ReplicaIndex.SectorBytes) + (int)(from - extentOffset);
            content.AsSpan(skip, (int)(to - from)).CopyTo(buffer.Span[(int)(from - offset)..]);
        }
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) => throw ReadOnly();

    /// <inheritdoc/>
    public ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken) => throw ReadOnly();

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken)
    {
        CheckRange(offset, length);
        List<BlockExtent> result = [];
        long at = offset;
        foreach (Extent extent in Find(offset, length))
        {
            long from = long.Max(offset, extent.Sector * ReplicaIndex.SectorBytes);
            long to = long.Min(offset + length, extent.End * ReplicaIndex.SectorBytes);
            Add(result, at, from, ExtentKind.Hole);
            Add(result, from, to, ExtentKind.Data);
            at = to;
        }

        Add(result, at, offset + length, ExtentKind.Hole);
        return ValueTask.FromResult<IReadOnlyList<BlockExtent>>(result);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _keys.Dispose();
        return ValueTask.CompletedTask;
    }

    private static SemaphoreSlim[] MakeGates()
    {
        SemaphoreSlim[] gates = new SemaphoreSlim[FetchGates];
        for (int i = 0; i < gates.Length; i++)
        {
            gates[i] = new SemaphoreSlim(1, 1);
        }

        return gates;
    }

    private static void Add(List<BlockExtent> extents, long from, long to, ExtentKind kind)
    {
        if (from >= to)
        {
            return;
        }

        if (extents.Count > 0 && extents[^1].Kind == kind)
        {
            extents[^1] = extents[^1] with { Length = to - extents[^1].Offset };
            return;
        }

        extents.Add(new BlockExtent(from, to - from, kind));
    }

    private static AsrException ReadOnly() => new(
        AsrErrorCode.DiskReadOnly,
        "A recovery point cannot be written.",
        "Write to a copy: a test failover or a failover makes one.");

    /// <summary>The extents that touch a byte range; the first and last may reach beyond it by less than a sector.</summary>
    private List<Extent> Find(long offset, long length)
    {
        List<Extent> extents = [];
        long first = offset & ~(ReplicaIndex.SectorBytes - 1L);
        long end = (offset + length + ReplicaIndex.SectorBytes - 1) & ~(ReplicaIndex.SectorBytes - 1L);
        _index.Find(first, end - first, extents);
        return extents;
    }

    private async ValueTask<byte[]> ReadContentAsync(Extent extent, CancellationToken cancellationToken)
    {
        SegmentName name = _index.SegmentOf(extent);
        long sequence = name.FirstSequence + extent.Change;
        if (_contents.TryGet((name.Epoch, sequence), out byte[]? content))
        {
            return content;
        }

        SemaphoreSlim gate = _fetching[sequence % FetchGates];
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _contents.TryGet((name.Epoch, sequence), out content)
                ? content
                : await FetchContentAsync(name, sequence, extent, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    private async ValueTask<byte[]> FetchContentAsync(SegmentName name, long sequence, Extent extent, CancellationToken cancellationToken)
    {
        SegmentCipher cipher = _keys.For(name.Epoch);
        if (!_tables.TryGet(name, out SegmentTable? table))
        {
            table = await SegmentReader.OpenAsync(_store, name, cipher, Length, cancellationToken).ConfigureAwait(false);
            _tables.Add(name, table, table.MemoryBytes);
        }

        Change change = table.Changes[extent.Change];

        // A checkpoint is sealed by the epoch's writer, but it and the segment are two objects: they must tell the same story.
        if (change.Kind != ChangeKind.Data
            || change.Offset != (extent.Sector - extent.SkipSectors) * ReplicaIndex.SectorBytes
            || change.Length < (extent.SkipSectors + extent.Sectors) * ReplicaIndex.SectorBytes)
        {
            throw SegmentErrors.Corrupt(name, change.PayloadOffset, $"has at {change.Offset}+{change.Length} the change {sequence} that the index has elsewhere");
        }

        byte[] content = GC.AllocateUninitializedArray<byte>(change.Length);
        await SegmentReader.ReadContentAsync(_store, table, extent.Change, cipher, content, cancellationToken).ConfigureAwait(false);
        _contents.Add((name.Epoch, sequence), content, content.Length);
        return content;
    }

    private void CheckRange(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"The range {offset}+{length} is not inside the disk's {Length} bytes.");
        }
    }
}
