using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Replica;

/// <summary>Builds the index of a position from what the store holds.</summary>
internal static class ReplicaOpener
{
    /// <summary>The index after every change of a branch.</summary>
    public static async Task<ReplicaIndex> OpenAsync(
        ISegmentStore store, DiskDocument document, DiskKeys keys, DiskSegments segments, List<BranchPart> branch, CancellationToken cancellationToken)
    {
        ReplicaIndex index = new();
        foreach (BranchPart part in branch)
        {
            foreach (SegmentName name in segments.Cover(document.DiskId, part))
            {
                SegmentTable table = await SegmentReader.OpenAsync(store, name, keys.For(name.Epoch), document.SizeBytes, cancellationToken).ConfigureAwait(false);
                index.Apply(name, table.Changes, part.UpTo);
            }
        }

        return index;
    }
}
