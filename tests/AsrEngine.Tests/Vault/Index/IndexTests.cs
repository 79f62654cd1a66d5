using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Segments;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Index;
using Asr.Engine.Vault.Local;
using Asr.Tests.Shared;
using CsCheck;
using Xunit;

namespace Asr.Engine.Tests.Vault.Index;

/// <summary>The index, in memory, in runs and merged, against a plain dictionary.</summary>
public sealed class IndexTests
{
    private const int DiskSectors = 3000;
    private static readonly Guid DiskId = Guid.Parse("11111111-2222-3333-4444-555555555555");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void An_extent_takes_20_bytes() => Assert.Equal(20, Unsafe.SizeOf<Extent>());

    [Fact]
    public async Task Layers_of_any_cut_in_memory_in_runs_and_merged_equal_a_dictionary() =>
        await Gen.Select(SectorModel.Changes(DiskSectors, 600), Gen.Int[1, 100], Gen.Int[0, 7]).SampleAsync(
            async (changes, perLayer, inMemory) =>
            {
                SectorModel model = new();
                using SegmentCipher cipher = new(new byte[32]);
                LocalSegmentStore store = new(new SimulatedFileLayer(), "/disks");
                IndexPageCache cache = new(1 << 16);
                List<IIndexLayer> layers = [];
                for (int at = 0; at < changes.Count; at += perLayer)
                {
                    Change[] stretch = [.. changes.Skip(at).Take(perLayer)];
                    stretch.ToList().ForEach(change => model.Apply(change));
                    MemoryLayer memory = new();
                    memory.Apply(stretch, 0, long.MaxValue);
                    layers.Add(layers.Count % 8 < inMemory ? memory : await WriteAsync(new LayerStack([memory]), stretch[0].Sequence, stretch[^1].Sequence));
                }

                await CheckAsync(model, new LayerStack(layers), Cancel);
                IndexRun merged = await WriteAsync(new LayerStack(layers), 1, changes[^1].Sequence);
                await CheckAsync(model, new LayerStack([merged]), Cancel);
                await merged.VerifyAsync(Cancel);

                async Task<IndexRun> WriteAsync(LayerStack from, long first, long last)
                {
                    SegmentName name = new(DiskId, SegmentKind.Index, 1, first, last);
                    List<SegmentName> parts = await IndexRunWriter.WriteAsync(store, name, from, 0, cipher, DiskSectors, Cancel);
                    return await IndexRun.OpenAsync(store, parts, cipher, DiskSectors, cache, Cancel);
                }
            },
            iter: 60);

    [Fact]
    public void A_page_survives_writing_and_reading_and_no_change_of_it_goes_unnoticed_or_out_of_bounds() =>
        Gen.Select(SectorModel.Changes(DiskSectors, 200), Gen.Int[0, 10_000], Gen.Byte).Sample((changes, at, value) =>
        {
            MemoryLayer memory = new();
            memory.Apply(changes.ToArray(), 0, long.MaxValue);
            List<Extent> extents = [];
            Assert.True(memory.FindAsync(0, DiskSectors, extents, CancellationToken.None).IsCompletedSuccessfully);
            byte[] bytes = new byte[IndexPage.BytesMax];
            int length = IndexPage.Write(extents.ToArray(), 1, bytes);
            IndexPagePlace place = new(extents[0].Sector, extents[^1].End, length, extents.Count);
            Extent[] read = new Extent[extents.Count];
            Assert.True(IndexPage.TryRead(bytes.AsSpan(0, length), place, 1, changes.Count, read));
            Assert.Equal(extents, read);

            // Whatever comes out of a damaged page lies inside the bounds that the directory tells.
            bytes[at % length] = value;
            if (IndexPage.TryRead(bytes.AsSpan(0, length), place, 1, changes.Count, read))
            {
                Assert.All(read, extent => Assert.True(extent.Sector >= place.FirstSector && extent.End <= place.EndSector && extent.Sequence >= 1 && extent.Sequence <= changes.Count));
            }

            Assert.False(IndexPage.TryRead(bytes.AsSpan(0, length - 1), place, 1, changes.Count, read));
        });

    private static async Task CheckAsync(SectorModel model, LayerStack layers, CancellationToken cancellationToken)
    {
        List<Extent> found = [];
        await layers.FindAsync(0, DiskSectors, found, cancellationToken);
        Check(model, found);
        List<Extent> scanned = [];
        await foreach (Extent extent in layers.ScanAsync(DiskSectors, cancellationToken))
        {
            scanned.Add(extent);
        }

        Check(model, scanned);
        for (int from = 0; from < DiskSectors; from += 700)
        {
            List<Extent> part = [];
            await layers.FindAsync(from, from + 50, part, cancellationToken);
            Assert.All(part, extent => Assert.True(extent.Sector >= from && extent.End <= from + 50));
            Check(model, part, from, from + 50);
        }
    }

    private static void Check(SectorModel model, List<Extent> extents, int from = 0, int to = DiskSectors)
    {
        long at = from;
        foreach (Extent extent in extents)
        {
            Assert.True(extent.Sector >= at);
            for (; at < extent.Sector; at++)
            {
                Assert.Equal((0, false), model[at]);
            }

            for (; at < extent.End; at++)
            {
                Assert.Equal((extent.Sequence, extent.IsZero), model[at]);
            }
        }

        for (; at < to; at++)
        {
            Assert.Equal((0, false), model[at]);
        }
    }
}
