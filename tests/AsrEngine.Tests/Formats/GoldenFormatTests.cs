using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Segments;
using Asr.Engine.Tests.Fuzzing;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Asr.Engine.Vault.Index;
using Asr.Engine.Vault.Local;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Formats;

/// <summary>Every format version that was shipped, byte for byte: what is on disks today must be what is read tomorrow, and what is written.</summary>
public sealed class GoldenFormatTests
{
    private const long DiskBytes = 1 << 20;
    private const string BaseId = "points/one";
    private static readonly Guid DiskId = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff");
    private static readonly Guid BootId = Guid.Parse("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
    private static readonly SegmentName SegmentOfBatch = new(DiskId, SegmentKind.Changes, 3, 7, 8);
    private static readonly SegmentName RunName = new(DiskId, SegmentKind.Index, 3, 7, 8);
    private static readonly SegmentName PackName = new(DiskId, SegmentKind.Pack, 3, 7, 8, 1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Batch_1_is_written() => Assert.Equal(GoldenFile.Read("batch-1.bin"), SampleBatch().Bytes.ToArray());

    [Fact]
    public void Batch_1_is_read()
    {
        ChangeBatch batch = VerifiedBatch.Verify(GoldenFile.Read("batch-1.bin"), DiskBytes).Batch;
        Assert.Equal((DiskId, 3), (batch.DiskId, batch.Epoch));
        Assert.Equal(
            [(7L, 1024L, 512, ChangeKind.Data), (8L, 4096L, 8192, ChangeKind.Zero)],
            batch.Changes.ToArray().Select(static change => (change.Sequence, change.Offset, change.Length, change.Kind)));
        byte[] content = new byte[512];
        Assert.True(batch.TryDecode(batch.Changes[0], content));
        Assert.True(content.All(static value => value == 0xAB));
    }

    [Fact]
    public void Segment_1_is_written()
    {
        using SegmentCipher cipher = MakeCipher();
        using SealedObject segment = SegmentSealer.Seal(SampleBatch(), 0, cipher);
        Assert.Equal(SegmentOfBatch, segment.Name);
        Assert.Equal(GoldenFile.Read("segment-1.bin"), segment.Buffer.ToArray());
    }

    [Fact]
    public async Task Segment_1_is_read()
    {
        using SegmentCipher cipher = MakeCipher();
        SingleObjectStore store = new(GoldenFile.Read("segment-1.bin"));
        SegmentTable table = await SegmentReader.OpenAsync(store, SegmentOfBatch, cipher, DiskBytes, Cancel);
        Assert.Equal([(7L, ChangeKind.Data), (8L, ChangeKind.Zero)], table.Changes.ToArray().Select(static change => (change.Sequence, change.Kind)));
        byte[] content = new byte[512];
        await SegmentReader.ReadContentAsync(store, table, 0, content, Cancel);
        Assert.True(content.All(static value => value == 0xAB));
    }

    [Fact]
    public async Task Index_run_2_is_written()
    {
        using SegmentCipher cipher = MakeCipher();
        MemoryLayer memory = new();
        memory.Apply(SampleBatch().Batch.Changes, 0, long.MaxValue);
        LocalSegmentStore store = new(new SimulatedFileLayer(), "/disks");
        Assert.Equal([RunName], await IndexRunWriter.WriteAsync(store, RunName, new LayerStack([memory]), 0, cipher, DiskBytes / 512, Cancel));
        byte[] written = new byte[(await store.GetLengthAsync(RunName, Cancel))!.Value];
        await store.ReadAsync(RunName, 0, written, Cancel);
        Assert.Equal(GoldenFile.Read("index-run-2.bin"), written);
    }

    [Fact]
    public async Task Index_run_2_is_read()
    {
        using SegmentCipher cipher = MakeCipher();
        SingleObjectStore store = new(GoldenFile.Read("index-run-2.bin"));
        IndexRun run = await IndexRun.OpenAsync(store, [RunName], cipher, DiskBytes / 512, new IndexPageCache(0), Cancel);
        List<Extent> extents = [];
        await run.FindAsync(0, DiskBytes / 512, extents, Cancel);
        Assert.Equal([new Extent(2, 1, 7, false), new Extent(8, 16, 8, true)], extents);
    }

    [Fact]
    public async Task Pack_2_is_written()
    {
        using SegmentCipher cipher = MakeCipher();
        SingleObjectStore store = new(GoldenFile.Read("segment-1.bin"));
        SegmentTable table = await SegmentReader.OpenAsync(store, SegmentOfBatch, cipher, DiskBytes, Cancel);
        LiveChanges live = new();
        live.Add(new LiveRange(7, 1024, 1536));
        live.Add(new LiveRange(8, 4096, 8192));
        using PackWriter writer = new(store, PackName);
        await writer.AddAsync(table, 0, live, Cancel);
        await writer.AddAsync(table, 1, live, Cancel);
        using SealedObject pack = writer.Seal(cipher);
        Assert.Equal(GoldenFile.Read("pack-2.bin"), pack.Buffer.ToArray());
    }

    [Fact]
    public async Task Pack_2_is_read()
    {
        using SegmentCipher cipher = MakeCipher();
        SingleObjectStore store = new(GoldenFile.Read("pack-2.bin"));
        SegmentTable table = await SegmentReader.OpenAsync(store, PackName, cipher, DiskBytes, Cancel);
        Assert.Equal(
            [(7L, 1024L, 512, ChangeKind.Data), (8L, 4096L, 4096, ChangeKind.Zero)],
            table.Changes.ToArray().Select(static change => (change.Sequence, change.Offset, change.Length, change.Kind)));
        byte[] content = new byte[512];
        await SegmentReader.ReadContentAsync(store, table, 0, content, Cancel);
        Assert.True(content.All(static value => value == 0xAB));
    }

    [Fact]
    public void Document_1_is_written() =>
        Assert.Equal(GoldenFile.Read("document-1.txt"), DocumentEnvelope.Wrap("things", "one", 5, "{\"a\":1}"u8));

    [Fact]
    public void Document_1_is_read()
    {
        Assert.True(DocumentEnvelope.TryUnwrap("things", "one", GoldenFile.Read("document-1.txt"), out long version, out CatalogDocument document));
        Assert.Equal((5, "{\"a\":1}"), (version, Encoding.UTF8.GetString(document.Content.Span)));
    }

    [Fact]
    public void Activity_log_1_is_read()
    {
        using TemporaryFolder folder = new();
        string path = Path.Join(folder.Path, "disk.activity");
        File.WriteAllBytes(path, GoldenFile.Read("activity-log-1.bin"));
        using ActivityLog log = ActivityLog.Open(path, DiskId, DiskBytes, BootId);
        Assert.Equal((ActivityLogState.Trusted, new StreamPosition(3, 41), 6L), (log.OpenedAs, log.Position, log.ResynchronizeGeneration));
        Assert.Equal([2, 9], log.EnumerateMarked());
    }

    [Fact]
    public async Task Overlay_1_is_read()
    {
        using TemporaryFolder folder = new();
        string path = Path.Join(folder.Path, "overlay");
        File.WriteAllBytes(path, GoldenFile.Read("overlay-1.bin"));
        MemoryBlockDevice below = new(16_384);
        await using OverlayBlockDevice overlay = await OverlayBlockDevice.OpenAsync(below, path, BaseId, Cancel);
        byte[] content = new byte[16_384];
        await overlay.ReadAsync(0, content, Cancel);
        Assert.True(content.AsSpan(4096, 4096).IndexOfAnyExcept((byte)0xCD) < 0);
        Assert.True(content.AsSpan(0, 4096).IndexOfAnyExcept((byte)0) < 0 && content.AsSpan(8192).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal(4096, overlay.DirtyBytes);
    }

    private static SegmentCipher MakeCipher() => new([.. Enumerable.Range(0, SegmentCipher.KeyBytes).Select(static i => (byte)i)]);

    private static VerifiedBatch SampleBatch()
    {
        using ChangeBatchWriter writer = new();
        writer.Begin(DiskId, 3, 7);
        byte[] content = new byte[512];
        content.AsSpan().Fill(0xAB);
        writer.TryAddData(1024, content);
        writer.TryAddZero(4096, 8192);
        return VerifiedBatch.Verify(writer.Complete().ToArray(), DiskBytes);
    }
}
