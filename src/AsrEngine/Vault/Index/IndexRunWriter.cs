using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Index;

/// <summary>Writes layers down as one run, part by part, so that a run of any size is made in bounded memory. Stateless.</summary>
internal static class IndexRunWriter
{
    /// <summary>
    /// Writes the run and returns the names of its parts. A run that is cut off in the middle lacks its last part and is passed over.
    /// Throws the store's errors. Zeros are written down even where nothing lies below them: compaction must know which of them hide something.
    /// </summary>
    /// <param name="store">Where to.</param>
    /// <param name="run">Disk, epoch and stretch.</param>
    /// <param name="layers">What to write.</param>
    /// <param name="level">The run's level.</param>
    /// <param name="cipher">The epoch's cipher.</param>
    /// <param name="diskSectors">Sectors of the disk.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public static async Task<List<SegmentName>> WriteAsync(
        ISegmentStore store, SegmentName run, LayerStack layers, byte level, SegmentCipher cipher, long diskSectors, CancellationToken cancellationToken)
    {
        List<SegmentName> parts = [];
        List<Extent> page = [];
        using IndexRunPart part = new();
        await foreach (Extent extent in layers.ScanAsync(diskSectors, cancellationToken).ConfigureAwait(false))
        {
            if (page.Count == IndexPage.ExtentsMax)
            {
                if (part.IsFull)
                {
                    await PutAsync(isLastPart: false).ConfigureAwait(false);
                }

                part.Add(CollectionsMarshal.AsSpan(page), run.FirstSequence);
                page.Clear();
            }

            page.Add(extent);
        }

        if (page.Count > 0)
        {
            if (part.IsFull)
            {
                await PutAsync(isLastPart: false).ConfigureAwait(false);
            }

            part.Add(CollectionsMarshal.AsSpan(page), run.FirstSequence);
        }

        await PutAsync(isLastPart: true).ConfigureAwait(false);
        return parts;

        async Task PutAsync(bool isLastPart)
        {
            SegmentName name = run with { Kind = SegmentKind.Index, Generation = parts.Count };
            using SealedObject sealedPart = part.Seal(name, level, isLastPart, cipher);
            await store.PutAsync(name, sealedPart.Memory, cancellationToken).ConfigureAwait(false);
            parts.Add(name);
        }
    }
}
