using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <content>Watermarks: what the process server has, and what the vault has.</content>
internal sealed partial class DiskShipper
{
    private readonly AsyncSignal _progressed = new();
    private long _receivedSequence;
    private long _vaultSequence;
    private long _completeAt;
    private int _isSessionDoubted;

    /// <summary>Last change known to be durable in the vault.</summary>
    public long VaultSequence => Interlocked.Read(ref _vaultSequence);

    /// <summary>How far the vault is behind the disk: what was written longer ago is in it. Null before it first had all of the disk.</summary>
    public TimeSpan? Lag
    {
        get
        {
            // In this order: what is written or moves on in between is later than the time noted.
            long now = _time.GetTimestamp();
            if (IsInSync && Capture.PendingBytes == 0 && QueuedBytes == 0 && VaultSequence >= Ledger.LastSequence)
            {
                Raise(ref _completeAt, now);
            }

            long completeAt = Interlocked.Read(ref _completeAt);
            return completeAt == 0 ? null : _time.GetElapsedTime(completeAt);
        }
    }

    /// <summary>True when the process server has everything up to an instant, null when the stream broke off before.</summary>
    public bool? HasReceived(CaptureInstant instant)
    {
        bool hasReceived = Interlocked.Read(ref _receivedSequence) >= instant.Sequence;

        // Asked after the watermark was read: a new stream starts its watermarks before it gets its number.
        return instant.StreamNumber == Ledger.StreamNumber ? hasReceived : null;
    }

    /// <summary>Waits until the process server has everything up to an instant; false when the stream broke off before. One caller at a time.</summary>
    public async Task<bool> WaitReceivedAsync(CaptureInstant instant, CancellationToken cancellationToken)
    {
        while (instant.StreamNumber == Ledger.StreamNumber)
        {
            if (Interlocked.Read(ref _receivedSequence) >= instant.Sequence)
            {
                return true;
            }

            Flush(instant.Sequence);
            await _progressed.WaitAsync(_options.ProgressInterval, _time, cancellationToken).ConfigureAwait(false);
        }

        return false;
    }

    /// <summary>
    /// Someone else was told that the session is gone. A disk at rest sends nothing that would tell it so; it asks now.
    /// </summary>
    public void DoubtSession() => Interlocked.Exchange(ref _isSessionDoubted, 1);

    /// <summary>A point up to this instant was published, so the vault holds everything before it.</summary>
    public void NotePublished(CaptureInstant instant, DateTimeOffset time)
    {
        if (instant.StreamNumber == Ledger.StreamNumber)
        {
            Observe(new ShipReceipt { ReceivedSequence = instant.Sequence, VaultSequence = instant.Sequence });
            double age = Math.Max(0, (_time.GetUtcNow() - time).TotalSeconds);
            Raise(ref _completeAt, _time.GetTimestamp() - (long)(age * _time.TimestampFrequency));
            _news.Set();
        }
    }

    // The vault's watermark may have fallen back with a lost spool; what was proven of it stays proven up to the new session's start.
    private void StartWatermarks(long receivedSequence)
    {
        Interlocked.Exchange(ref _receivedSequence, receivedSequence);
        Interlocked.Exchange(ref _vaultSequence, Math.Min(VaultSequence, receivedSequence));
        _progressed.Set();
    }

    private void Observe(ShipReceipt receipt)
    {
        Raise(ref _receivedSequence, receipt.ReceivedSequence);
        Raise(ref _vaultSequence, receipt.VaultSequence);
        _progressed.Set();
    }

    private static void Raise(ref long watermark, long value)
    {
        long seen = Interlocked.Read(ref watermark);
        while (value > seen)
        {
            long before = Interlocked.CompareExchange(ref watermark, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        int epoch = _session!.Epoch;
        RetryPause pause = new(_options, _time);
        while (true)
        {
            await Task.Delay(_options.ProgressInterval, _time, cancellationToken).ConfigureAwait(false);
            try
            {
                bool isDoubted = Interlocked.Exchange(ref _isSessionDoubted, 0) != 0;
                if (isDoubted || VaultSequence < Interlocked.Read(ref _receivedSequence))
                {
                    Observe(await _sink.GetProgressAsync(Capture.Id, epoch, cancellationToken).ConfigureAwait(false));
                }

                pause.Reset();
            }
            catch (Exception error) when (IsWorthRetrying(error) && !cancellationToken.IsCancellationRequested)
            {
                _linkError = AsrError.From(error);
                await pause.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            while (Ledger.Settle(VaultSequence))
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }
}
