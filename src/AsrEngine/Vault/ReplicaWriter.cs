using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Replica;

namespace Asr.Engine.Vault;

/// <summary>
/// Writes one epoch of a disk: several segments are on their way to the store at once, and they count in the order of the stream. See
/// <see cref="SealedVault.TakeOverAsync"/> for why a fenced writer cannot vouch for a change.
/// </summary>
/// <remarks>
/// A crash may leave a later segment stored and an earlier one not. What follows a gap was never received, so no one was told that it is durable, and the
/// next epoch's look-up ends at the gap: the later segment is in no one's past. A gap before something that someone was told of is damage
/// (<see cref="DiskView.FindEnd"/>).
/// </remarks>
internal sealed class ReplicaWriter : IReplicaWriter
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly ISegmentStore _store;
    private readonly WriterFence _fence;
    private readonly SegmentCipher _cipher;
    private readonly WriterIndex _index;
    private readonly ReplicaImage _current;
    private readonly ReplicaCaches _caches;
    private readonly Watermark _vault;
    private readonly TimeProvider _time;
    private readonly Guid _diskId;
    private readonly int _underWayMax;
    private readonly CancellationTokenSource _stop = new();

    // Segments that do not count as received yet, in stream order. Added by the one who accepts, removed by the one who settles.
    private readonly Lock _gate = new();
    private readonly Queue<SegmentUnderWay> _underWay = new();
    private readonly SemaphoreSlim _settling = new(1, 1);
    private Task _confirming = Task.CompletedTask;
    private long _acceptedSequence;
    private long _receivedSequence;
    private bool _disposed;

    public ReplicaWriter(ReplicaWriterParts parts)
    {
        _store = parts.Store;
        _fence = parts.Fence;
        _cipher = parts.Opener.Keys.For(parts.Session.Epoch);
        _index = parts.Index;
        _current = new ReplicaImage(parts.Opener, parts.Index, parts.SizeBytes, static () => default);
        _time = parts.Time;
        _diskId = parts.DiskId;
        _underWayMax = parts.UnderWayMax;
        _caches = parts.Opener.Caches;
        Session = parts.Session;
        Damage = parts.Damage;
        _receivedSequence = parts.Session.NextSequence - 1;
        _acceptedSequence = _receivedSequence;
        _vault = new Watermark(_receivedSequence);
    }

    /// <inheritdoc/>
    public ReplicationSession Session { get; }

    /// <inheritdoc/>
    public long AcceptedSequence => Volatile.Read(ref _acceptedSequence);

    /// <inheritdoc/>
    public long ReceivedSequence => Volatile.Read(ref _receivedSequence);

    /// <inheritdoc/>
    public long VaultSequence => _vault.Value;

    /// <inheritdoc/>
    public IBlockDevice Current => _current;

    /// <inheritdoc/>
    public StoredObjectException? Damage { get; }

    /// <inheritdoc/>
    public Task WaitForVaultAsync(long sequence, CancellationToken cancellationToken) => _vault.WaitAsync(sequence, cancellationToken);

    /// <inheritdoc/>
    public void ForgetRead() => _caches.Forget(_diskId);

    /// <inheritdoc/>
    public async Task<Task> AcceptAsync(VerifiedBatch batch, CancellationToken cancellationToken)
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

        await MakeRoomAsync(cancellationToken).ConfigureAwait(false);
        if (_vault.Failure is { } failure)
        {
            throw failure;
        }

        if (changes.LastSequence <= AcceptedSequence)
        {
            return WhenSettled(changes.LastSequence);
        }

        if (changes.FirstSequence > AcceptedSequence + 1)
        {
            throw new AsrException(
                AsrErrorCode.SequenceGap,
                $"The batch begins with change {changes.FirstSequence} of disk {_diskId}; changes up to {AcceptedSequence} have been received.",
                "Nothing was stored. Send the changes in between, or resynchronise.");
        }

        int skip = (int)(AcceptedSequence + 1 - changes.FirstSequence);
        SegmentUnderWay segment = new(SegmentSealer.Seal(batch, skip, _cipher), changes.Share(), skip);
        lock (_gate)
        {
            _underWay.Enqueue(segment);
        }

        Volatile.Write(ref _acceptedSequence, changes.LastSequence);
        segment.Start(_store, SettleAsync, _stop.Token);
        return segment.Settled;
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
        SegmentUnderWay[] left = Line();
        await Task.WhenAll(left.Select(static segment => segment.Put)).ConfigureAwait(false);
        await _confirming.ConfigureAwait(false);
        _vault.Fail(Lost());
        foreach (SegmentUnderWay segment in left)
        {
            segment.Fail(Lost());
            segment.Dispose();
        }

        await _index.DisposeAsync().ConfigureAwait(false);
        _settling.Dispose();
        _stop.Dispose();
    }

    private AsrException Lost() => new(AsrErrorCode.SessionLost, $"Epoch {Session.Epoch} of disk {_diskId} is no longer written here.", "Open a new session.");

    private SegmentUnderWay[] Line()
    {
        lock (_gate)
        {
            return [.. _underWay];
        }
    }

    private Task WhenSettled(long sequence)
    {
        lock (_gate)
        {
            return _underWay.FirstOrDefault(segment => segment.Name.LastSequence >= sequence)?.Settled ?? Task.CompletedTask;
        }
    }

    /// <summary>Returns when another segment may be sealed: no put has failed, and not too many are under way.</summary>
    private async Task MakeRoomAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            SegmentUnderWay[] line = Line();
            if (line.Length > 0 && line[0].Error is not null)
            {
                await PutAgainAsync(line).ConfigureAwait(false);
            }
            else if (line.Length < _underWayMax)
            {
                return;
            }
            else
            {
                // However it ends; the line is looked at again.
                await Task.WhenAny(line[0].Settled).WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task PutAgainAsync(SegmentUnderWay[] line)
    {
        // None of them may be under way twice.
        await Task.WhenAll(line.Select(static segment => segment.Put)).ConfigureAwait(false);
        foreach (SegmentUnderWay segment in line)
        {
            segment.Renew();
        }

        foreach (SegmentUnderWay segment in line)
        {
            if (!segment.IsStored)
            {
                segment.Start(_store, SettleAsync, _stop.Token);
                await segment.Put.ConfigureAwait(false);
            }

            await segment.Settled.ConfigureAwait(false);
        }
    }

    /// <summary>Lets the segments count that are stored and have nothing before them that is not. Follows every put.</summary>
    private async Task SettleAsync()
    {
        await _settling.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            SegmentUnderWay[] ready = [.. Line().TakeWhile(static segment => segment.IsStored)];
            if (ready.Length > 0)
            {
                await CountAsync(ready).ConfigureAwait(false);
            }

            SegmentUnderWay[] rest = Line();
            if (rest.Length > 0 && rest[0].Error is { } error)
            {
                // Those behind it that are stored already are told the same: they come after a gap.
                foreach (SegmentUnderWay segment in rest.Where(static segment => segment.IsStored || segment.Error is not null))
                {
                    segment.Fail(_stop.IsCancellationRequested ? Lost() : error);
                }
            }
        }
        finally
        {
            _settling.Release();
        }
    }

    private async Task CountAsync(SegmentUnderWay[] ready)
    {
        long last = ready[^1].Name.LastSequence;
        Task stored = Task.WhenAll(ready.Select(segment => _store.WhenStoredAsync(segment.Name)));
        bool isOurs = false;
        try
        {
            // One look at the fence, after the last of them was stored, serves them all.
            isOurs = _confirming.IsCompleted && stored.IsCompletedSuccessfully && await IsOursAsync(_stop.Token).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Array.ForEach(ready, segment => segment.Fail(_stop.IsCancellationRequested ? Lost() : error));
        }

        foreach (SegmentUnderWay segment in ready)
        {
            _index.Apply(segment.Name, segment.Changes);
            Volatile.Write(ref _receivedSequence, segment.Name.LastSequence);
        }

        if (isOurs)
        {
            Vouch(last);
        }
        else if (_vault.Failure is null)
        {
            _confirming = ConfirmLaterAsync(_confirming, stored, last);
        }

        lock (_gate)
        {
            for (int i = 0; i < ready.Length; i++)
            {
                _underWay.Dequeue();
            }
        }

        foreach (SegmentUnderWay segment in ready)
        {
            segment.Settle();
            segment.Dispose();
        }
    }

    private void Vouch(long sequence)
    {
        _vault.Advance(sequence);
        _index.Confirm(sequence);
    }

    /// <summary>Whether the writer may vouch for what is stored; false when the vault cannot be asked now, and an error when it is fenced.</summary>
    private async Task<bool> IsOursAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _fence.CheckAsync(cancellationToken).ConfigureAwait(false);
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
            while (_vault.Failure is null)
            {
                if (await IsOursAsync(_stop.Token).ConfigureAwait(false))
                {
                    Vouch(sequence);
                    return;
                }

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
