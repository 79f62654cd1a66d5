using System;
using Asr.Engine.Segments;

namespace Asr.Engine.Tests.Vault;

/// <summary>Batches for tests.</summary>
internal static class BatchMaker
{
    /// <summary>A batch of data writes; each content is filled with its byte.</summary>
    public static VerifiedBatch Writes(Guid diskId, int epoch, long firstSequence, long diskBytes, params (long Offset, int Length, byte Fill)[] writes)
    {
        using ChangeBatchWriter writer = new();
        writer.Begin(diskId, epoch, firstSequence);
        foreach ((long offset, int length, byte fill) in writes)
        {
            byte[] content = new byte[length];
            Array.Fill(content, fill);
            writer.TryAddData(offset, content);
        }

        return VerifiedBatch.Verify(writer.Complete().ToArray(), diskBytes);
    }
}
