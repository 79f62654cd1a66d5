using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Segments;
using Asr.Engine.Vault;

namespace Asr.Engine.Ingest;

/// <summary>One disk's session at the receiving end. Owns the writer. Safe for concurrent callers.</summary>
internal sealed class DiskIngest : IAsyncDisposable
{
    private readonly IReplicaWriter _writer;
    private readonly TurnQueue _turns;
    private readonly Guid _diskId;
    private readonly long _sizeBytes;
    private int _isLost;

    public DiskIngest(Guid diskId, OpenSessionRequest request, IReplicaWriter writer, TimeProvider time)
    {
        _diskId = diskId;
        _writer = writer;
        _turns = new TurnQueue(diskId, time);
        _sizeBytes = request.SizeBytes;
        Nonce = request.Nonce;
    }

    /// <summary>Nonce of the request that opened the session.</summary>
    public Guid Nonce { get; }

    /// <summary>The session.</summary>
    public ReplicationSession Session => _writer.Session;

    /// <summary>True once the writer has been fenced: a request for a session opens a new one.</summary>
    public bool IsLost => Volatile.Read(ref _isLost) != 0;

    /// <summary>How far it has come.</summary>
    public ShipReceipt Receipt => new() { ReceivedSequence = _writer.ReceivedSequence, VaultSequence = _writer.VaultSequence };

    /// <summary>What has come between points.</summary>
    public IntervalMeter Meter { get; } = new();

    /// <summary>Takes a batch in when its turn comes.</summary>
    public async Task<ShipReceipt> ShipAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        // Before the turn: batches that wait for each other are verified side by side.
        using VerifiedBatch batch = VerifiedBatch.Verify(bytes, _sizeBytes);
        if (batch.Batch.DiskId != _diskId)
        {
            throw new AsrException(AsrErrorCode.BatchMalformed, $"The batch is for disk {batch.Batch.DiskId} and was sent for disk {_diskId}.", "Nothing was stored.");
        }

        CheckEpoch(batch.Batch.Epoch);
        if (batch.Batch.LastSequence <= _writer.ReceivedSequence)
        {
            return Receipt;
        }

        try
        {
            // Its turn ends with its place in the stream. Batches are made durable side by side, and answered in order.
            Task durable = await AcceptAsync(batch, cancellationToken).ConfigureAwait(false);
            await durable.WaitAsync(cancellationToken).ConfigureAwait(false);
            return Receipt;
        }
        catch (AsrException error) when (error.Code is AsrErrorCode.WriterFenced or AsrErrorCode.SessionLost)
        {
            Volatile.Write(ref _isLost, 1);
            throw;
        }
    }

    private async Task<Task> AcceptAsync(VerifiedBatch batch, CancellationToken cancellationToken)
    {
        await _turns.EnterAsync(batch.Batch.FirstSequence, AcceptedSequence, cancellationToken).ConfigureAwait(false);
        AsrException? failure = null;
        try
        {
            Task durable = await _writer.AcceptAsync(batch, cancellationToken).ConfigureAwait(false);
            Meter.Add(batch);
            return durable;
        }
        catch (AsrException error)
        {
            failure = error;
            throw;
        }
        finally
        {
            _turns.Leave(AcceptedSequence, failure);
        }
    }

    /// <summary>Hashes of the newest state received.</summary>
    public async Task<byte[]> GetDigestsAsync(DigestRequest request, CancellationToken cancellationToken)
    {
        if (request.Offset == 0)
        {
            // A comparison of the whole disk begins here. It is to find what is damaged by now, although memory still has it.
            _writer.ForgetRead();
        }

        try
        {
            return await RegionDigests.ComputeAsync(_writer.Current, request, DamageInHashes.Differs, cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            throw Lost(_diskId, "has been taken over by a new session");
        }
    }

    /// <summary>Throws <see cref="AsrErrorCode.SessionLost"/> for another epoch than the session's.</summary>
    public void CheckEpoch(int epoch)
    {
        if (epoch != Session.Epoch)
        {
            throw Lost(_diskId, $"has epoch {Session.Epoch} now, not {epoch}");
        }
    }

    /// <summary>Ends when everything up to a sequence is durable in the vault.</summary>
    public Task WaitForVaultAsync(long sequence, CancellationToken cancellationToken) => _writer.WaitForVaultAsync(sequence, cancellationToken);

    /// <summary>Ends the session: whoever waits is told that it is lost; a batch under way is finished first.</summary>
    public async ValueTask DisposeAsync()
    {
        await _turns.CloseAsync(Lost(_diskId, "has been taken over by a new session")).ConfigureAwait(false);
        await _writer.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>The error for a session that is not there.</summary>
    public static AsrException Lost(Guid diskId, string why) =>
        new(AsrErrorCode.SessionLost, $"Disk {diskId} {why}.", "Open a new session.", diskId.ToString());

    private long AcceptedSequence() => _writer.AcceptedSequence;
}
