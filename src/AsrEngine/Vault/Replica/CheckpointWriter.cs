using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Replica;

/// <summary>
/// Writes index checkpoints beside the stream: one at a time, in the background, after so many segments that their tables are more work to
/// read than the checkpoint. One caller at a time.
/// </summary>
internal sealed class CheckpointWriter(ISegmentStore store, SegmentCipher cipher, ReplicaIndex index, Guid diskId, int epoch, int segmentsMin) : IAsyncDisposable
{
    private Task _writing = Task.CompletedTask;
    private int _segments;
    private long _changes;

    /// <summary>Tells that a segment is durable in the vault and applied to the index, and that nothing after it is.</summary>
    public void OnAppended(in SegmentName name, int changes)
    {
        _segments++;
        _changes += changes;

        // The second condition keeps the bytes written for checkpoints below a small multiple of those written for changes.
        if (_segments < segmentsMin || _changes < index.ExtentCount / 4 || !_writing.IsCompleted || index.ExtentCount > IndexCheckpoint.ExtentsMax)
        {
            return;
        }

        _segments = 0;
        _changes = 0;
        SegmentName checkpoint = new(diskId, SegmentKind.Checkpoint, epoch, 1, name.LastSequence);
        (SegmentName[] segments, Extent[] extents) = index.Snapshot();
        _writing = Task.Run(() => WriteAsync(checkpoint, segments, extents), CancellationToken.None);
    }

    /// <summary>Lets the checkpoint that is being written end: it is one put.</summary>
    public async ValueTask DisposeAsync() => await _writing.ConfigureAwait(false);

    private async Task WriteAsync(SegmentName name, SegmentName[] segments, Extent[] extents)
    {
        try
        {
            using SealedObject checkpoint = IndexCheckpoint.Seal(name, segments, extents, cipher);
            await store.PutAsync(name, checkpoint.Memory, CancellationToken.None).ConfigureAwait(false);
        }
        catch (AsrException)
        {
            // Without it opening is slower and not less right; the next one comes after as many segments again.
        }
    }
}
