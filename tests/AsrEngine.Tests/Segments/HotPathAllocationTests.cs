using System;
using System.Collections.Generic;
using Asr.Contracts;
using Asr.Engine.Segments;
using Xunit;

namespace Asr.Engine.Tests.Segments;

/// <summary>What every change passes through takes no memory of its own: what is needed is pooled, by batch.</summary>
public sealed class HotPathAllocationTests : IDisposable
{
    private const int ChangesPerBatch = 1000;
    private const int Batches = 40;

    // A handful of small objects for each batch.
    private const double BytesPerChangeMax = 1;

    private static readonly Guid DiskId = Guid.NewGuid();

    private readonly ChangeBatchWriter _writer = new();
    private readonly SegmentCipher _cipher = new(new byte[SegmentCipher.KeyBytes]);
    private readonly byte[] _content = new byte[4096];

    public HotPathAllocationTests() => new Random(1).NextBytes(_content.AsSpan(0, 2048));

    public void Dispose()
    {
        _writer.Dispose();
        _cipher.Dispose();
    }

    [Fact]
    public void Building_a_batch_allocates_nothing_per_change() => AssertNothing(() => Build());

    [Fact]
    public void Verifying_a_batch_allocates_nothing_per_change()
    {
        ReadOnlyMemory<byte> batch = Build();
        AssertNothing(() => VerifiedBatch.Verify(batch, ReplicationLimits.DiskBytesMax).Dispose());
    }

    [Fact]
    public void Sealing_a_batch_allocates_nothing_per_change()
    {
        using VerifiedBatch batch = VerifiedBatch.Verify(Build(), ReplicationLimits.DiskBytesMax);
        AssertNothing(() => SegmentSealer.Seal(batch, 0, _cipher).Dispose());
    }

    private Memory<byte> Build()
    {
        _writer.Begin(DiskId, 1, 1);
        for (int i = 0; i < ChangesPerBatch; i++)
        {
            Assert.True(_writer.TryAddData((long)i * _content.Length, _content));
        }

        return _writer.Complete();
    }

    private static void AssertNothing(Action action)
    {
        // The first rounds fill the pools.
        List<double> rounds = [];
        for (int round = 0; round < 5; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Batches; i++)
            {
                action();
            }

            rounds.Add((double)(GC.GetAllocatedBytesForCurrentThread() - before) / (Batches * ChangesPerBatch));
        }

        rounds.Sort();
        Assert.True(rounds[0] < BytesPerChangeMax, $"{rounds[0]:F2} bytes are allocated for each change.");
    }
}
