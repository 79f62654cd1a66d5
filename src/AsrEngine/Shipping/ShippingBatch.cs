using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Capture;
using Asr.Engine.Segments;

namespace Asr.Engine.Shipping;

/// <summary>A batch from the taking of its changes until the process server has it. Owns its writer, whose memory holds the batch.</summary>
internal sealed class ShippingBatch : IDisposable
{
    private readonly ChangeBatchWriter _writer;

    private ShippingBatch(long firstSequence, List<CapturedChange> changes)
    {
        FirstSequence = firstSequence;
        LastSequence = firstSequence + changes.Count - 1;
        foreach (CapturedChange change in changes)
        {
            RawBytes += change.Content.IsZeros ? 0 : change.Length;
        }

        _writer = new ChangeBatchWriter((int)RawBytes);
    }

    public long FirstSequence { get; }

    public long LastSequence { get; }

    public long RawBytes { get; }

    /// <summary>Ends when <see cref="Bytes"/> are there and the memory of the changes has been released.</summary>
    public Task Built { get; private set; } = Task.CompletedTask;

    public Memory<byte> Bytes { get; private set; }

    /// <summary>
    /// Starts compressing changes into a batch on another thread. They must fit: <see cref="CaptureLedger.Take"/> with a bound well below a batch's.
    /// The list is the batch's until <see cref="Built"/> ends, and empty then.
    /// </summary>
    public static ShippingBatch Start(Guid diskId, int epoch, long firstSequence, List<CapturedChange> changes)
    {
        ShippingBatch batch = new(firstSequence, changes);
        batch.Built = Task.Run(() => batch.Build(diskId, epoch, changes), CancellationToken.None);
        return batch;
    }

    public void Restamp(int epoch) => ChangeBatch.Restamp(Bytes.Span, epoch);

    public void Dispose() => _writer.Dispose();

    private void Build(Guid diskId, int epoch, List<CapturedChange> changes)
    {
        _writer.Begin(diskId, epoch, FirstSequence);
        foreach (CapturedChange change in changes)
        {
            bool fits = change.Content.IsZeros
                ? _writer.TryAddZero(change.Offset, change.Length)
                : _writer.TryAddData(change.Offset, change.Content.Memory.Span);
            if (!fits)
            {
                throw new InvalidOperationException("More changes were taken than fit a batch.");
            }

            change.Content.Release();
        }

        changes.Clear();
        Bytes = _writer.Complete();
    }
}
