using System;
using System.Buffers;
using Asr.Contracts;

namespace Asr.Engine.Segments;

/// <summary>
/// A batch whose every content has been expanded and compared with its hash. Having one is the proof, so the work is done once per hop.
/// Valid as long as the memory it was made from; disposing it disposes the batch.
/// </summary>
public sealed class VerifiedBatch : IDisposable
{
    private VerifiedBatch(ReadOnlyMemory<byte> bytes, ChangeBatch batch, ContentSampler sample)
    {
        Sample = sample;
        Bytes = bytes;
        Batch = batch;
    }

    /// <summary>The batch as it travelled.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The batch.</summary>
    public ChangeBatch Batch { get; }

    /// <summary>What a share of the contents looked like.</summary>
    internal ContentSampler Sample { get; }

    /// <inheritdoc/>
    public void Dispose() => Batch.Dispose();

    /// <summary>Parses and verifies; throws <see cref="AsrErrorCode.BatchMalformed"/> saying what is wrong.</summary>
    /// <param name="bytes">Exactly one batch; not copied.</param>
    /// <param name="diskBytes">Size of the disk: no change may reach beyond it.</param>
    public static VerifiedBatch Verify(ReadOnlyMemory<byte> bytes, long diskBytes)
    {
        ChangeBatch batch = ChangeBatch.Parse(bytes, diskBytes);
        ContentSampler sample = default;
        byte[] content = ArrayPool<byte>.Shared.Rent(ReplicationLimits.ChangeBytesMax);
        bool isWhole = false;
        try
        {
            foreach (ref readonly Change change in batch.Changes)
            {
                if (change.Kind != ChangeKind.Data)
                {
                    continue;
                }

                if (!batch.TryDecode(change, content.AsSpan(0, change.Length)))
                {
                    throw new AsrException(
                        AsrErrorCode.BatchMalformed,
                        $"The content of change {change.Sequence} at {change.Offset}+{change.Length} does not have its hash.",
                        "Nothing was stored. The sender resynchronises; if it happens again, check the source's memory and network.");
                }

                sample.Offer(content.AsSpan(0, change.Length));
            }

            isWhole = true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(content);
            if (!isWhole)
            {
                batch.Dispose();
            }
        }

        return new VerifiedBatch(bytes, batch, sample);
    }
}
