using System;
using System.Collections.Generic;
using Asr.Engine.Capture;
using Asr.Engine.Segments;

namespace Asr.Engine.Shipping;

/// <summary>A batch from its making until the process server has it. Owns its writer, whose memory holds the batch.</summary>
internal sealed class ShippingBatch : IDisposable
{
    private readonly ChangeBatchWriter _writer = new();

    private ShippingBatch(long firstSequence) => FirstSequence = firstSequence;

    public long FirstSequence { get; }

    public long LastSequence { get; private set; }

    public long RawBytes { get; private set; }

    public Memory<byte> Bytes { get; private set; }

    /// <summary>Compresses changes into a batch and releases their memory. They must fit: <see cref="CaptureLedger.Take"/> with a bound well below a batch's.</summary>
    public static ShippingBatch Build(Guid diskId, int epoch, long firstSequence, List<CapturedChange> changes)
    {
        ShippingBatch batch = new(firstSequence);
        batch._writer.Begin(diskId, epoch, firstSequence);
        foreach (CapturedChange change in changes)
        {
            bool fits = change.Content.IsZeros
                ? batch._writer.TryAddZero(change.Offset, change.Length)
                : batch._writer.TryAddData(change.Offset, change.Content.Memory.Span);
            if (!fits)
            {
                throw new InvalidOperationException("More changes were taken than fit a batch.");
            }

            batch.RawBytes += change.Content.IsZeros ? 0 : change.Length;
            change.Content.Release();
        }

        changes.Clear();
        batch.LastSequence = batch._writer.LastSequence;
        batch.Bytes = batch._writer.Complete();
        return batch;
    }

    public void Restamp(int epoch) => ChangeBatch.Restamp(Bytes.Span, epoch);

    public void Dispose() => _writer.Dispose();
}
