using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Replica;

/// <summary>Builds the index of a position from what the store holds: the newest usable checkpoint, then the tables of the segments after it.</summary>
internal static class ReplicaOpener
{
    /// <summary>The index after every change of a branch.</summary>
    public static async Task<ReplicaIndex> OpenAsync(
        ISegmentStore store, DiskDocument document, DiskKeys keys, DiskSegments segments, List<BranchPart> branch, CancellationToken cancellationToken)
    {
        (ReplicaIndex index, int partNumber, long after) = await FindCheckpointAsync(store, document, keys, segments, branch, cancellationToken).ConfigureAwait(false);
        for (int i = partNumber; i < branch.Count; i++)
        {
            BranchPart part = i == partNumber ? branch[i] with { After = long.Max(after, branch[i].After) } : branch[i];
            foreach (SegmentName name in segments.Cover(document.DiskId, part))
            {
                SegmentTable table = await SegmentReader.OpenAsync(store, name, keys.For(name.Epoch), document.SizeBytes, cancellationToken).ConfigureAwait(false);
                index.Apply(name, table.Changes, part.UpTo);
            }
        }

        return index;
    }

    private static async Task<(ReplicaIndex Index, int PartNumber, long After)> FindCheckpointAsync(
        ISegmentStore store, DiskDocument document, DiskKeys keys, DiskSegments segments, List<BranchPart> branch, CancellationToken cancellationToken)
    {
        for (int i = branch.Count - 1; i >= 0; i--)
        {
            BranchPart part = branch[i];

            // Beyond the part's end lies what a fenced writer or an abandoned branch indexed; at or before its beginning nothing of this epoch.
            foreach (SegmentName name in segments.Checkpoints
                .Where(name => name.Epoch == part.Epoch && name.LastSequence > part.After && name.LastSequence <= part.UpTo)
                .OrderByDescending(static name => name.LastSequence))
            {
                try
                {
                    ReplicaIndex index = await IndexCheckpoint.ReadAsync(store, name, keys.For(name.Epoch), document.SizeBytes, cancellationToken).ConfigureAwait(false);
                    if (index.Segments.All(segments.Contains))
                    {
                        return (index, i, name.LastSequence);
                    }
                }
                catch (AsrException error) when (error.Code is AsrErrorCode.SegmentCorrupt or AsrErrorCode.SegmentMissing)
                {
                    // Derived data: an older one, or the segments themselves, tell the same.
                }
            }
        }

        return (new ReplicaIndex(), 0, 0);
    }
}
