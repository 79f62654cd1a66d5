using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Index;

/// <summary>A layer in memory: changes that no index run has yet. One caller applies, any number look up.</summary>
internal sealed class MemoryLayer : IIndexLayer
{
    private readonly Lock _lock = new();
    private readonly ExtentMap _extents = new();

    /// <summary>Extents in the layer.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _extents.Count;
            }
        }
    }

    /// <inheritdoc/>
    public long MemoryBytes => (long)Unsafe.SizeOf<Extent>() * Count;

    /// <summary>Segments applied.</summary>
    public int Segments { get; private set; }

    /// <summary>Last change of the last segment applied.</summary>
    public long Last { get; private set; }

    /// <summary>Applies the changes of a segment above <paramref name="after"/>, up to and including <paramref name="upTo"/>. Segments are applied in stream order.</summary>
    public void Apply(ReadOnlySpan<Change> changes, long after, long upTo)
    {
        lock (_lock)
        {
            Segments++;
            Last = upTo;
            foreach (ref readonly Change change in changes)
            {
                if (change.Sequence > after && change.Sequence <= upTo)
                {
                    _extents.Set(new Extent(change.Offset / Sectors.Bytes, change.Length / Sectors.Bytes, change.Sequence, change.Kind == ChangeKind.Zero));
                }
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask FindAsync(long from, long to, List<Extent> output, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _extents.CopyTo(from, to, output);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public long FindNext(long from)
    {
        lock (_lock)
        {
            return _extents.FindNext(from);
        }
    }
}
