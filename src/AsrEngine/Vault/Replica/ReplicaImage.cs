using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Index;

namespace Asr.Engine.Vault.Replica;

/// <summary>
/// A disk at a position, read-only. A content that is wanted whole is expanded where it is wanted; of others the whole is kept in a cache, because
/// neighbours are usually read next. Reads need not be aligned. What compaction moves while the image is open is found again.
/// </summary>
internal sealed class ReplicaImage : IBlockDevice
{
    private const int FetchGates = 64;

    // Each renewal answers one moved object or one damaged index run; a disk with more of them at one place is told as it is.
    private const int RenewalsMax = 16;

    private readonly ReplicaOpener _opener;
    private readonly IReplicaState _state;
    private readonly Func<ValueTask> _closed;

    // Readers that ask for pieces of one content at the same time, as an NBD client does, must not each fetch and expand all of it.
    private readonly SemaphoreSlim[] _fetching = MakeGates();

    /// <summary>Opens an image; <paramref name="closed"/> runs when it is disposed.</summary>
    public ReplicaImage(ReplicaOpener opener, IReplicaState state, long length, Func<ValueTask> closed)
    {
        _opener = opener;
        _state = state;
        _closed = closed;
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
        for (int renewals = 0; ; renewals++)
        {
            ReplicaState state = _state.Current;
            try
            {
                await ReadAsync(state, offset, buffer, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (StoredObjectException problem) when (renewals < RenewalsMax && !state.Layers.Lacks(problem.Object))
            {
                await _state.RenewAsync(state, problem, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) => throw ReadOnly();

    /// <inheritdoc/>
    public ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken) => throw ReadOnly();

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken)
    {
        CheckRange(offset, length);
        for (int renewals = 0; ; renewals++)
        {
            ReplicaState state = _state.Current;
            try
            {
                return Describe(offset, length, await FindAsync(state, offset, length, cancellationToken).ConfigureAwait(false));
            }
            catch (StoredObjectException problem) when (renewals < RenewalsMax && !state.Layers.Lacks(problem.Object))
            {
                await _state.RenewAsync(state, problem, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _closed();

    private static List<BlockExtent> Describe(long offset, long length, List<Extent> extents)
    {
        List<BlockExtent> result = [];
        long at = offset;
        foreach (Extent extent in extents)
        {
            if (extent.IsZero)
            {
                continue;
            }

            long from = long.Max(offset, extent.Sector * Sectors.Bytes);
            long to = long.Min(offset + length, extent.End * Sectors.Bytes);
            Add(result, at, from, ExtentKind.Hole);
            Add(result, from, to, ExtentKind.Data);
            at = to;
        }

        Add(result, at, offset + length, ExtentKind.Hole);
        return result;
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
    private static async ValueTask<List<Extent>> FindAsync(ReplicaState state, long offset, long length, CancellationToken cancellationToken)
    {
        List<Extent> extents = [];
        await state.Layers.FindAsync(offset / Sectors.Bytes, (offset + length + Sectors.Bytes - 1) / Sectors.Bytes, extents, cancellationToken).ConfigureAwait(false);
        return extents;
    }

    private async ValueTask ReadAsync(ReplicaState state, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ContentRun run = new(_opener.Store);
        long done = offset;
        foreach (Extent extent in await FindAsync(state, offset, buffer.Length, cancellationToken).ConfigureAwait(false))
        {
            if (extent.IsZero)
            {
                continue;
            }

            if (state.Layers.FindProblem(extent) is { } problem)
            {
                throw problem;
            }

            long at = long.Max(offset, extent.Sector * Sectors.Bytes);
            long to = long.Min(offset + buffer.Length, extent.End * Sectors.Bytes);
            buffer.Span[(int)(done - offset)..(int)(at - offset)].Clear();
            while (at < to)
            {
                at += await ReadChangeAsync(state, run, extent.Sequence, at, buffer[(int)(at - offset)..(int)(to - offset)], cancellationToken).ConfigureAwait(false);
            }

            done = to;
        }

        await run.ReadAsync(cancellationToken).ConfigureAwait(false);
        buffer.Span[(int)(done - offset)..].Clear();
    }

    /// <summary>Reads what one entry has of a change from a place on, or has the run read it, and returns how much that was.</summary>
    private async ValueTask<int> ReadChangeAsync(
        ReplicaState state, ContentRun run, long sequence, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int epoch = state.Branch.EpochOf(sequence);
        SegmentName name = state.Map.Locate(epoch, sequence)
            ?? throw SegmentErrors.Missing(new SegmentName(_opener.DiskId, SegmentKind.Changes, epoch, sequence, sequence));
        SegmentTable table = await _opener.ReadTableAsync(name, cancellationToken).ConfigureAwait(false);
        int entry = table.Find(sequence, offset);

        // The index and the object are two objects: they must tell the same story.
        if (entry < 0 || table.Changes[entry].Kind != ChangeKind.Data)
        {
            throw SegmentErrors.Corrupt(name, 0, $"does not hold what the index has at {offset} of change {sequence}");
        }

        Change change = table.Changes[entry];
        int length = (int)long.Min(buffer.Length, change.End - offset);
        if (length == change.Length && !_opener.Caches.Contents.TryGet((name, entry), out byte[]? content))
        {
            if (!run.TryAdd(table, entry, buffer[..length]))
            {
                await run.ReadAsync(cancellationToken).ConfigureAwait(false);
                run.Begin(table, entry, buffer[..length]);
            }
        }
        else
        {
            content = await FetchContentAsync(table, entry, cancellationToken).ConfigureAwait(false);
            content.AsSpan((int)(offset - change.Offset), length).CopyTo(buffer.Span);
        }

        return length;
    }

    private async ValueTask<byte[]> FetchContentAsync(SegmentTable table, int entry, CancellationToken cancellationToken)
    {
        BoundedCache<(SegmentName Object, int Entry), byte[]> cache = _opener.Caches.Contents;
        if (cache.TryGet((table.Name, entry), out byte[]? content))
        {
            return content;
        }

        SemaphoreSlim gate = _fetching[table.Changes[entry].Sequence % FetchGates];
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!cache.TryGet((table.Name, entry), out content))
            {
                content = GC.AllocateUninitializedArray<byte>(table.Changes[entry].Length);
                await SegmentReader.ReadContentAsync(_opener.Store, table, entry, content, cancellationToken).ConfigureAwait(false);
                cache.Add((table.Name, entry), content, content.Length);
            }

            return content;
        }
        finally
        {
            gate.Release();
        }
    }

    private void CheckRange(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"The range {offset}+{length} is not inside the disk's {Length} bytes.");
        }
    }
}
