using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Vault.Index;

/// <summary>
/// What one stretch of a stream wrote: for every range that it touched, its newest change. Layers of adjacent stretches, laid over each other, are
/// the index of a disk. Safe for concurrent callers.
/// </summary>
internal interface IIndexLayer
{
    /// <summary>Roughly what it takes in memory.</summary>
    long MemoryBytes { get; }

    /// <summary>Adds the extents in [<paramref name="from"/>, <paramref name="to"/>) to a list, cut to it, in order, without overlaps.</summary>
    ValueTask FindAsync(long from, long to, List<Extent> output, CancellationToken cancellationToken);

    /// <summary>A sector at or after <paramref name="from"/> before which no extent is; <see cref="long.MaxValue"/> when there is none at all.</summary>
    long FindNext(long from);
}

/// <summary>A layer and the stretch of the stream that it tells of.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="First">First change; a run may reach back over what the layer below it tells too, which is harmless.</param>
/// <param name="Last">Last change.</param>
internal readonly record struct PlacedLayer(IIndexLayer Layer, long First, long Last);
