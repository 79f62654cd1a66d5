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
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly ISegmentStore _store;
    private readonly WriterFence _fence;
    private readonly SegmentCipher _cipher;
    private readonly WriterIndex _index;
    private readonly ReplicaImage _current;
    private readonly Watermark _vault;
    private readonly TimeProvider _time;
    private readonly Guid _diskId;
    private readonly CancellationTokenSource _stop = new();
    private Task _confirming = Task.CompletedTask;
    private long _receivedSequence;
    private bool _disposed;

    // A segment whose put failed may have been stored all the same. Until its fate is known nothing else is sealed, and it is put again as
    // the very bytes it was: other bytes under its name would be taken for another writer's, and its nonces may be out already.
    private (SealedObject Segment, ChangeBatch Batch, int Skip)? _unsettled;

    public ReplicaWriter(ReplicaWriterParts parts)
    {
        _store = parts.Store;
        _fence = parts.Fence;
        _cipher = parts.Opener.Keys.For(parts.Session.Epoch);
        _index = parts.Index;
        _current = new ReplicaImage(parts.Opener, parts.Index, parts.SizeBytes, static () => default);
        _time = parts.Time;
        _diskId = parts.DiskId;
        Session = parts.Session;
        _receivedSequence = parts.Session.NextSequence - 1;
        _vault = new Watermark(_receivedSequence);
    }

    /// <inheritdoc/>
    public ReplicationSession Session { get; }

    /// <inheritdoc/>
    public long ReceivedSequence => Volatile.Read(ref _receivedSequence);

    /// <inheritdoc/>
    public long VaultSequence => _vault.Value;

    /// <inheritdoc/>
    public IBlockDevice Current => _current;

    /// <inheritdoc/>
    public Task WaitForVaultAsync(long sequence, CancellationToken cancellationToken) => _vault.WaitAsync(sequence, cancellationToken);

    /// <inheritdoc/>
    public async Task AppendAsync(VerifiedBatch batch, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_vault.Failure is { } failure)
        {
            throw failure;
        }

        ChangeBatch changes = batch.Batch;
        if (changes.DiskId != _diskId || changes.Epoch != Session.Epoch)
        {
            throw new AsrException(
                AsrErrorCode.BatchMalformed,
                $"The batch is for disk {changes.DiskId}, epoch {changes.Epoch}; this writer is for disk {_diskId}, epoch {Session.Epoch}.",
                "Nothing was stored. Open a new session.");
        }

        await SettleAsync(cancellationToken).ConfigureAwait(false);
        if (changes.LastSequence <= ReceivedSequence)
        {
            return;
        }

        if (changes.FirstSequence > ReceivedSequence + 1)
        {
            throw new AsrException(
                AsrErrorCode.SequenceGap,
                $"The batch begins with change {changes.FirstSequence} of disk {_diskId}; changes up to {ReceivedSequence} have been received.",
                "Nothing was stored. Send the changes in between, or resynchronise.");
        }

        int skip = (int)(ReceivedSequence + 1 - changes.FirstSequence);
        _unsettled = (SegmentSealer.Seal(batch, skip, _cipher), changes, skip);
        await SettleAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _confirming.ConfigureAwait(false);
        _vault.Fail(new AsrException(AsrErrorCode.SessionLost, $"Epoch {Session.Epoch} of disk {_diskId} is no longer written here.", "Open a new session."));
        _unsettled?.Segment.Dispose();
        await _index.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        if (_unsettled is not var (segment, batch, skip))
        {
            return;
        }

        SegmentName name = segment.Name;
        await _store.PutAsync(name, segment.Memory, cancellationToken).ConfigureAwait(false);
        _unsettled = null;
        segment.Dispose();

        // Only the table: the memory the batch was parsed from may be another one's by now.
        _index.Apply(name, batch.Changes[skip..]);
        Volatile.Write(ref _receivedSequence, name.LastSequence);
        Task stored = _store.WhenStoredAsync(name);
        if (!_confirming.IsCompleted || !stored.IsCompletedSuccessfully)
        {
            _confirming = ConfirmLaterAsync(_confirming, stored, name.LastSequence);
        }
        else if (!await TryConfirmAsync(name.LastSequence, cancellationToken).ConfigureAwait(false))
        {
            _confirming = ConfirmLaterAsync(Task.CompletedTask, stored, name.LastSequence);
        }
    }

    /// <summary>Vouches for what is stored, unless fenced; false when the vault cannot be asked now.</summary>
    private async Task<bool> TryConfirmAsync(long sequence, CancellationToken cancellationToken)
    {
        try
        {
            await _fence.CheckAsync(cancellationToken).ConfigureAwait(false);
            _vault.Advance(sequence);
            _index.Confirm(sequence);
            return true;
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.VaultUnavailable)
        {
            return false;
        }
        catch (AsrException error)
        {
            _vault.Fail(error);
            throw;
        }
    }

    private async Task ConfirmLaterAsync(Task earlier, Task stored, long sequence)
    {
        await earlier.ConfigureAwait(false);
        try
        {
            await stored.WaitAsync(_stop.Token).ConfigureAwait(false);
            while (_vault.Failure is null && !await TryConfirmAsync(sequence, _stop.Token).ConfigureAwait(false))
            {
                await Task.Delay(RetryDelay, _time, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (AsrException error)
        {
            _vault.Fail(error);
        }
        catch (OperationCanceledException)
        {
            // Disposed. What is stored stays stored; the next writer finds it.
        }
    }
}
