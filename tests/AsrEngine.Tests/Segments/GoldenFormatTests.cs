using System;
using System.Linq;
using Asr.Engine.Segments;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;
using Xunit;

namespace Asr.Engine.Tests.Segments;

/// <summary>Version 1 of each format, byte for byte: what is in vaults today must be what is written and read tomorrow.</summary>
public sealed class GoldenFormatTests
{
    private static readonly Guid DiskId = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff");

    [Fact]
    public void Batch() => Assert.Equal(Golden.Batch, Convert.ToHexString(Sample().Bytes.Span));

    [Fact]
    public void Batch_is_read()
    {
        VerifiedBatch batch = VerifiedBatch.Verify(Convert.FromHexString(Golden.Batch), 1 << 20);
        Assert.Equal([(7L, 1024L, 512, ChangeKind.Data), (8L, 4096L, 8192, ChangeKind.Zero)], batch.Batch.Changes.ToArray().Select(c => (c.Sequence, c.Offset, c.Length, c.Kind)));
    }

    [Fact]
    public void Segment()
    {
        using SegmentCipher cipher = new([.. Enumerable.Range(0, SegmentCipher.KeyBytes).Select(i => (byte)i)]);
        using SealedObject segment = SegmentSealer.Seal(Sample(), 0, cipher);
        Assert.Equal(new SegmentName(DiskId, SegmentKind.Changes, 3, 7, 8), segment.Name);
        Assert.Equal(Golden.Segment, Convert.ToHexString(segment.Buffer));
    }

    [Fact]
    public void Document() => Assert.Equal(Golden.Document, System.Text.Encoding.UTF8.GetString(DocumentEnvelope.Wrap("things", "one", 5, "{\"a\":1}"u8)));

    private static VerifiedBatch Sample()
    {
        using ChangeBatchWriter writer = new();
        writer.Begin(DiskId, 3, 7);
        byte[] content = new byte[512];
        content.AsSpan().Fill(0xAB);
        writer.TryAddData(1024, content);
        writer.TryAddZero(4096, 8192);
        return VerifiedBatch.Verify(writer.Complete().ToArray(), 1 << 20);
    }
}
