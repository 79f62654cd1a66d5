using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Index;

namespace Asr.Engine.Vault.Replica;

/// <summary>
/// The index of a disk that is being written: runs in the store, and what has come since in memory. Memory is written down as a run when there is enough
/// of it and the vault has vouched for it, and runs are merged (<see cref="IndexUpkeep"/>), so that neither memory nor the number of layers grows
/// with the disk. One caller applies and confirms, any number read.
/// </summary>
internal sealed class WriterIndex : IReplicaState, IAsyncDisposable
{
    /// <summary>Extents in one layer of memory, whatever the number of segments: 5 MB of them.</summary>
    private const int MemoryExtentsMax = 256 << 10;

    private readonly ReplicaOpener _opener;
    private readonly IndexUpkeep _upkeep;
    private readonly int _segmentsPerRun;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _renewing = new(1, 1);

    // What no segment is added to any more, in the order of the stream; after it comes the layer that grows.
    private readonly List<PlacedLayer> _rested = [];
    private MemoryLayer _growing = new();
    private ReplicaState _current;

    private WriterIndex(ReplicaOpener opener, SegmentMap map, Branch branch, int epoch, int segmentsPerRun)
    {
        _opener = opener;
        _segmentsPerRun = segmentsPerRun;
        _current = new ReplicaState(map, branch.Continue(epoch), new LayerStack([]));
        _upkeep = new IndexUpkeep(this, opener, segmentsPerRun, MemoryExtentsMax, branch.End);
    }

    /// <inheritdoc/>
    public ReplicaState Current => Volatile.Read(ref _current);

    private long NextFirst => _rested.Count == 0 ? 1 : _rested[^1].Last + 1;

    /// <summary>The layers that no segment is added to any more, oldest first.</summary>
    public PlacedLayer[] Rested
    {
        get
        {
            lock (_lock)
            {
                return [.. _rested];
            }
        }
    }

    /// <summary>Opens the index at the position that an epoch continues from.</summary>
    public static async Task<WriterIndex> OpenAsync(ReplicaOpener opener, SegmentMap map, Branch branch, int epoch, int segmentsPerRun, CancellationToken cancellationToken)
    {
        (map, List<PlacedLayer> layers) = await opener.OpenFreshAsync(map, branch, 0, cancellationToken).ConfigureAwait(false);
        WriterIndex index = new(opener, map, branch, epoch, segmentsPerRun);
        index._rested.AddRange(layers);
        index.Show();
        return index;
    }

    /// <summary>Adds a stored segment, whose changes up to its last count. In the order of the stream.</summary>
    public void Apply(in SegmentName name, ReadOnlySpan<Change> changes)
    {
        lock (_lock)
        {
            _growing.Apply(changes, 0, name.LastSequence);
            Current.Map.Add(name);
            if (_growing.Segments >= _segmentsPerRun || _growing.Count >= MemoryExtentsMax)
            {
                Rest();
            }
        }
    }

    /// <summary>Tells how far the vault vouches: what is below may be written down.</summary>
    public void Confirm(long sequence) => _upkeep.Confirm(sequence);

    /// <summary>Puts a run in the place of the layers that it tells the same as, if they are all still there; the run stands for one stretch.</summary>
    public void Replace(ReadOnlySpan<PlacedLayer> layers, PlacedLayer run)
    {
        lock (_lock)
        {
            int at = _rested.IndexOf(layers[0]);
            if (at < 0 || _rested.Count - at < layers.Length)
            {
                return;
            }

            _rested.RemoveRange(at, layers.Length);
            _rested.Insert(at, run);
            Show();
        }
    }

    /// <summary>What keeps a part of the disk from being known; null when all of it is.</summary>
    public async Task<StoredObjectException?> FindProblemAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ReplicaState state = Current;
            try
            {
                return await state.Layers.FindProblemAsync(_opener.DiskSectors, cancellationToken).ConfigureAwait(false);
            }
            catch (StoredObjectException damaged) when (damaged.Object.Kind == SegmentKind.Index)
            {
                await RenewAsync(state, damaged, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public async Task RenewAsync(ReplicaState seen, StoredObjectException problem, CancellationToken cancellationToken)
    {
        if (!await TryRenewAsync(seen, problem, cancellationToken).ConfigureAwait(false))
        {
            await RescueAsync(problem.Object).ConfigureAwait(false);
            throw problem;
        }
    }

    /// <summary>Lets what is being written end: at most one put.</summary>
    public async ValueTask DisposeAsync()
    {
        await _upkeep.DisposeAsync().ConfigureAwait(false);
        _renewing.Dispose();
    }

    /// <summary>
    /// Writes down what memory knows of a damaged object's changes. Who opens the disk next could not tell what they wrote, and would take everything before
    /// them for hidden.
    /// </summary>
    private async Task RescueAsync(SegmentName damaged)
    {
        if (damaged.Kind == SegmentKind.Index)
        {
            return;
        }

        lock (_lock)
        {
            if (_growing.Segments > 0 && NextFirst <= damaged.LastSequence)
            {
                Rest();
            }
        }

        await _upkeep.WriteDownAsync(damaged.LastSequence).ConfigureAwait(false);
    }

    private async Task<bool> TryRenewAsync(ReplicaState seen, StoredObjectException problem, CancellationToken cancellationToken)
    {
        if (!ReplicaOpener.MayBeNews(problem))
        {
            return false;
        }

        await _renewing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (Current.Map != seen.Map)
            {
                return true;
            }

            SegmentMap map = await SegmentMap.ListAsync(_opener.Store, _opener.DiskId, cancellationToken).ConfigureAwait(false);
            if (!_opener.IsNews(problem, map))
            {
                return false;
            }

            // What is in memory after the last run stays; the runs, and what lies between them, are looked up anew.
            long written = Rested.LastOrDefault(static layer => layer.Layer is IndexRun).Last;
            Branch branch = Current.Branch;
            (map, List<PlacedLayer> layers) = await _opener.OpenFreshAsync(map, branch.Until(written), 0, cancellationToken).ConfigureAwait(false);
            lock (_lock)
            {
                foreach (StoredStretch stretch in Current.Map.StretchesOf(branch.Parts[^1].Epoch))
                {
                    if (map.Locate(stretch.Object.Epoch, stretch.Last) is null)
                    {
                        // Stored since the listing, or still in the spool, which listings do not show.
                        map.Add(stretch.Object);
                    }
                }

                layers.AddRange(_rested.Where(layer => layer.First > written));
                _rested.Clear();
                _rested.AddRange(layers);
                Show(map);
            }

            return true;
        }
        finally
        {
            _renewing.Release();
        }
    }

    private void Rest()
    {
        _rested.Add(new PlacedLayer(_growing, NextFirst, _growing.Last));
        _growing = new MemoryLayer();
        Show();
    }

    private void Show(SegmentMap? map = null)
    {
        List<IIndexLayer> layers = [.. _rested.Select(static layer => layer.Layer), _growing];
        Volatile.Write(ref _current, new ReplicaState(map ?? _current.Map, _current.Branch, new LayerStack(layers)));
    }
}
