using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Replica;

namespace Asr.Engine.Vault;

/// <summary>Writes one epoch of a disk. See <see cref="SealedVault.TakeOverAsync"/> for why a fenced writer cannot vouch for a change.</summary>
internal sealed class ReplicaWriter : IReplicaWriter
{
    private readonly ISegmentStore _store;
    private readonly WriterFence _fence;
    private readonly SegmentCipher _cipher;
    private readonly ReplicaIndex _index;
    private readonly ReplicaImage _current;
    private readonly Guid _diskId;
    private long _vaultSequence;
    private bool _disposed;

    // A segment whose put failed may have been stored all the same. Until its fate is known nothing else is sealed, and it is put again as
    // the very bytes it was: other bytes under its name would be taken for another writer's, and its nonces may be out already.
    private (SealedObject Segment, ChangeBatch Batch, int Skip)? _unsettled;

    public ReplicaWriter(ISegmentStore store, WriterFence fence, DiskKeys keys, ReplicaIndex index, ReplicationSession session, Guid diskId, long sizeBytes)
    {
        _store = store;
        _fence = fence;
        _cipher = keys.For(session.Epoch);
        _index = index;
        _current = new ReplicaImage(store, keys, index, sizeBytes);
        _diskId = diskId;
        Session = session;
        _vaultSequence = session.NextSequence - 1;
    }

    /// <inheritdoc/>
    public ReplicationSession Session { get; }

    /// <inheritdoc/>
    public long VaultSequence => Volatile.Read(ref _vaultSequence);

    /// <inheritdoc/>
    public IBlockDevice Current => _current;

    /// <inheritdoc/>
    public async Task AppendAsync(VerifiedBatch batch, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ChangeBatch changes = batch.Batch;
        if (changes.DiskId != _diskId || changes.Epoch != Session.Epoch)
        {
            throw new AsrException(
                AsrErrorCode.BatchMalformed,
                $"The batch is for disk {changes.DiskId}, epoch {changes.Epoch}; this writer is for disk {_diskId}, epoch {Session.Epoch}.",
                "Nothing was stored. Open a new session.");
        }

        await SettleAsync(cancellationToken).ConfigureAwait(false);
        if (changes.LastSequence <= VaultSequence)
        {
            return;
        }

        if (changes.FirstSequence > VaultSequence + 1)
        {
            throw new AsrException(
                AsrErrorCode.SequenceGap,
                $"The batch begins with change {changes.FirstSequence} of disk {_diskId}; the vault holds changes up to {VaultSequence}.",
                "Nothing was stored. Send the changes in between, or resynchronise.");
        }

        int skip = (int)(VaultSequence + 1 - changes.FirstSequence);
        _unsettled = (SegmentSealer.Seal(batch, skip, _cipher), changes, skip);
        await SettleAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            _unsettled?.Segment.Dispose();
            await _current.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        if (_unsettled is not var (segment, batch, skip))
        {
            return;
        }

        await _store.PutAsync(segment.Name, segment.Memory, cancellationToken).ConfigureAwait(false);
        await _fence.CheckAsync(cancellationToken).ConfigureAwait(false);

        // Only the table: the memory the batch was parsed from may be another one's by now.
        _index.Apply(segment.Name, batch.Changes[skip..], segment.Name.LastSequence);
        Volatile.Write(ref _vaultSequence, segment.Name.LastSequence);
        _unsettled = null;
        segment.Dispose();
    }
}
