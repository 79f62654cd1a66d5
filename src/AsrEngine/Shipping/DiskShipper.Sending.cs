using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <content>Sending: queue to batches to the process server.</content>
internal sealed partial class DiskShipper
{
    private const int BatchRawBytes = 4 << 20;

    /// <summary>Compressed or on their way at once: enough to keep every core busy while others wait for the vault's medium, within what one disk may take of the memory.</summary>
    private static readonly int BatchesInFlightMax = Math.Clamp(4 * Environment.ProcessorCount, 4, 8);

    // Lists of changes for batches to come; a batch gives its list back when it is built.
    private readonly ConcurrentBag<List<CapturedChange>> _spareLists = [];
    private readonly AsyncSignal _room = new();
    private long _flushThrough;
    private long _sentBytes;
    private long _wireBytes;

    /// <summary>Raw bytes sent.</summary>
    public long SentBytes => Interlocked.Read(ref _sentBytes);

    /// <summary>Bytes on the wire.</summary>
    public long WireBytes => Interlocked.Read(ref _wireBytes);

    /// <summary>Bytes captured that the process server is not known to have.</summary>
    public long QueuedBytes => Ledger.QueuedBytes + _window.RawBytes;

    /// <summary>Asks that changes up to a sequence leave at once: someone waits for them.</summary>
    public void Flush(long sequence)
    {
        Interlocked.Exchange(ref _flushThrough, sequence);
        Ledger.ChangesWaiting.Set();
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        int epoch = _session!.Epoch;
        using SemaphoreSlim slots = new(BatchesInFlightMax);
        using CancellationTokenSource sends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        TaskCompletionSource<Exception> failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        List<Task> underWay = [];

        async Task Send(ShippingBatch batch, List<CapturedChange>? changes)
        {
            try
            {
                if (changes is not null)
                {
                    await batch.Built.ConfigureAwait(false);
                    _spareLists.Add(changes);
                    _room.Set();
                }

                await DeliverAsync(batch, sends.Token).ConfigureAwait(false);
                slots.Release();
            }
            catch (Exception error)
            {
                failed.TrySetResult(error);
                await sends.CancelAsync().ConfigureAwait(false);
            }
        }

        try
        {
            foreach (ShippingBatch kept in _window.Snapshot())
            {
                await slots.WaitAsync(sends.Token).ConfigureAwait(false);
                underWay.Add(Send(kept, null));
            }

            while (true)
            {
                await GatherAsync(sends.Token).ConfigureAwait(false);
                await slots.WaitAsync(sends.Token).ConfigureAwait(false);
                List<CapturedChange> changes = _spareLists.TryTake(out List<CapturedChange>? spare) ? spare : [];
                long first = Ledger.Take(changes, BatchRawBytes);
                if (changes.Count == 0)
                {
                    _spareLists.Add(changes);
                    slots.Release();
                    continue;
                }

                ShippingBatch batch = ShippingBatch.Start(Capture.Id, epoch, first, changes);
                _window.Add(batch);
                underWay.RemoveAll(static task => task.IsCompleted);
                underWay.Add(Send(batch, changes));
            }
        }
        catch (OperationCanceledException) when (failed.Task.IsCompleted && !cancellationToken.IsCancellationRequested)
        {
            throw await failed.Task.ConfigureAwait(false);
        }
        finally
        {
            // No batch's memory may be touched after this: wait for every send, whatever ended the loop.
            await sends.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(underWay).ConfigureAwait(false);
        }
    }

    // Waits for something to send, and then a little longer for more of it.
    private async Task GatherAsync(CancellationToken cancellationToken)
    {
        while (Ledger.FirstQueuedSequence > Ledger.LastSequence)
        {
            await Ledger.ChangesWaiting.WaitAsync(Timeout.InfiniteTimeSpan, _time, cancellationToken).ConfigureAwait(false);
        }

        long start = _time.GetTimestamp();
        while (Ledger.QueuedBytes < BatchRawBytes && Interlocked.Read(ref _flushThrough) < Ledger.FirstQueuedSequence)
        {
            TimeSpan left = _options.FlushInterval - _time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                return;
            }

            await Ledger.ChangesWaiting.WaitAsync(left, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task DeliverAsync(ShippingBatch batch, CancellationToken cancellationToken)
    {
        RetryPause pause = new(_options, _time);
        while (true)
        {
            try
            {
                await Bandwidth.Sends.SpendAsync(batch.Bytes.Length, cancellationToken).ConfigureAwait(false);
                ShipReceipt receipt = await _sink.ShipAsync(Capture.Id, batch.Bytes, cancellationToken).ConfigureAwait(false);
                if (receipt.ReceivedSequence >= batch.LastSequence)
                {
                    Interlocked.Add(ref _sentBytes, batch.RawBytes);
                    Interlocked.Add(ref _wireBytes, batch.Bytes.Length);
                    _window.Remove(batch);
                    _linkError = null;
                    Observe(receipt);
                    return;
                }
            }
            catch (Exception error) when (IsWorthRetrying(error) && !cancellationToken.IsCancellationRequested)
            {
                _linkError = AsrError.From(error);
                ShippingLog.SendFailed(_logger, Capture.Id, batch.FirstSequence, batch.LastSequence, error);
            }

            await pause.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    // Everything but an answer about the session or the batch itself is the link's or the vault's trouble, and passes.
    private static bool IsWorthRetrying(Exception error) => error is not AsrException
    {
        Code: AsrErrorCode.SessionLost or AsrErrorCode.WriterFenced or AsrErrorCode.SequenceGap or AsrErrorCode.BatchMalformed
    };
}
