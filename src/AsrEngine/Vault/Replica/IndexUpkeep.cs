using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault.Index;

namespace Asr.Engine.Vault.Replica;

/// <summary>
/// Keeps a writer's index small, in the background and one step at a time: writes memory down as runs, and merges runs. What it cannot store now it
/// tries again later; opening is slower then, and no less right.
/// </summary>
internal sealed class IndexUpkeep(WriterIndex index, ReplicaOpener opener, int segmentsMin, int extentsMin, long confirmed) : IAsyncDisposable
{
    /// <summary>Runs of one level that are merged to one of the next: few layers to look through against writing everything once more at each level.</summary>
    public const int FanOut = 8;

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _working = Task.CompletedTask;
    private long _confirmed = confirmed;

    // What memory tells of the stream up to here is written down even when it is not enough for a run.
    private long _wanted;

    /// <summary>Tells how far the vault vouches.</summary>
    public void Confirm(long sequence)
    {
        lock (_lock)
        {
            _confirmed = long.Max(_confirmed, sequence);
            BeginIfNeeded();
        }
    }

    /// <summary>Writes down what memory tells of the stream up to a change, however little it is. Returns once that was tried.</summary>
    public async Task WriteDownAsync(long upTo)
    {
        // Work that is under way may have looked at memory for the last time already.
        for (int attempt = 0; attempt < 2; attempt++)
        {
            Task working;
            lock (_lock)
            {
                _wanted = long.Max(_wanted, upTo);
                BeginIfNeeded();
                working = _working;
            }

            await working.ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task working;
        lock (_lock)
        {
            _stop.Cancel();
            working = _working;
        }

        await working.ConfigureAwait(false);
        _stop.Dispose();
    }

    private void BeginIfNeeded()
    {
        if (_working.IsCompleted && !_stop.IsCancellationRequested && FindMemory().Length > 0)
        {
            _working = Task.Run(WorkAsync, CancellationToken.None);
        }
    }

    private async Task WorkAsync()
    {
        try
        {
            while (true)
            {
                PlacedLayer[] layers;
                lock (_lock)
                {
                    layers = FindMemory();
                }

                if (layers.Length == 0)
                {
                    layers = FindMergeable();
                }

                if (layers.Length == 0 || !await WriteAsync(layers).ConfigureAwait(false))
                {
                    return;
                }
            }
        }
        catch (StoredObjectException damaged)
        {
            await TryRenewAsync(damaged).ConfigureAwait(false);
        }
        catch (Exception error) when (error is AsrException or OperationCanceledException)
        {
            // The next confirmed segment begins anew; an ended writer leaves it to the next one.
        }
    }

    // A run that cannot be merged must not be in the way for ever.
    private async Task TryRenewAsync(StoredObjectException damaged)
    {
        try
        {
            await index.RenewAsync(index.Current, damaged, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is AsrException or OperationCanceledException)
        {
            // As above.
        }
    }

    private async Task<bool> WriteAsync(PlacedLayer[] layers)
    {
        byte level = layers[0].Layer is IndexRun run ? (byte)int.Min(run.Level + 1, byte.MaxValue) : (byte)0;
        long first = layers[0].First;
        long last = layers[^1].Last;

        // Any epoch's writer may index what came before it; the run belongs to the epoch whose share it ends in.
        SegmentName name = new(opener.DiskId, SegmentKind.Index, index.Current.Branch.EpochOf(last), first, last);
        List<SegmentName> parts = await IndexRunWriter.WriteAsync(
            opener.Store, name, LayerStack.Of(layers), level, opener.Keys.For(name.Epoch), opener.DiskSectors, _stop.Token).ConfigureAwait(false);
        if (await opener.TryOpenAsync(parts, _stop.Token).ConfigureAwait(false) is not { } written)
        {
            return false;
        }

        index.Replace(layers, new PlacedLayer(written, first, last));
        return true;
    }

    // The first layers of memory side by side that the vault vouches for, when they are enough for a run.
    private PlacedLayer[] FindMemory()
    {
        List<PlacedLayer> found = [];
        int segments = 0;
        int extents = 0;
        foreach (PlacedLayer layer in index.Rested)
        {
            if (layer.Layer is MemoryLayer memory && layer.Last <= _confirmed)
            {
                found.Add(layer);
                segments += memory.Segments;
                extents += memory.Count;
            }
            else if (IsEnough())
            {
                break;
            }
            else
            {
                found.Clear();
                segments = 0;
                extents = 0;
            }
        }

        return IsEnough() ? [.. found] : [];

        bool IsEnough() => segments >= segmentsMin || extents >= extentsMin || (found.Count > 0 && found[0].First <= _wanted);
    }

    // The newest runs side by side of one level, when there are enough of them.
    private PlacedLayer[] FindMergeable()
    {
        PlacedLayer[] layers = index.Rested;
        for (int end = layers.Length; end >= FanOut; end--)
        {
            int count = 0;
            while (count < FanOut
                && layers[end - 1 - count].Layer is IndexRun run
                && layers[end - 1].Layer is IndexRun newest
                && run.Level == newest.Level)
            {
                count++;
            }

            if (count == FanOut)
            {
                return layers[(end - FanOut)..end];
            }
        }

        return [];
    }
}
