using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Vault.Index;

/// <summary>
/// A stretch of which nothing is known, because the object that holds it is damaged or missing and no run tells of it. Any place may have been written in it,
/// so it hides everything below. It is never written down as a run: it lasts as long as the damage. Stateless.
/// </summary>
/// <param name="last">Its last change; the extents name it.</param>
/// <param name="problem">What is wrong.</param>
internal sealed class UnknownLayer(long last, StoredObjectException problem) : IIndexLayer
{
    /// <inheritdoc/>
    public long MemoryBytes => 0;

    /// <summary>The change that its extents name, which those of no other layer do.</summary>
    public long Last => last;

    /// <summary>What is wrong with the object.</summary>
    public StoredObjectException Problem => problem;

    /// <inheritdoc/>
    public ValueTask FindAsync(long from, long to, List<Extent> output, CancellationToken cancellationToken)
    {
        while (from < to)
        {
            int sectors = (int)long.Min(to - from, int.MaxValue);
            output.Add(new Extent(from, sectors, last, isZero: false));
            from += sectors;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public long FindNext(long from) => from;
}
