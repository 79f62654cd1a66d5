using System;
using System.Collections.Generic;
using Asr.Engine.Segments;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Replica;
using CsCheck;
using Xunit;

namespace Asr.Engine.Tests.Vault;

public sealed class ExtentMapTests
{
    [Fact]
    public void An_extent_takes_no_more_than_its_share_of_memory() => Assert.InRange(System.Runtime.CompilerServices.Unsafe.SizeOf<Extent>(), 1, 32);

    [Fact]
    public void Any_order_of_writes_and_trims_reads_like_an_array()
    {
        const int sectors = 5000;
        Gen.Select(Gen.Int[0, sectors - 1], Gen.Int[1, 40], Gen.Bool).List[1, 2000].Sample(
            operations =>
            {
                ReplicaIndex index = new();
                int[] expected = new int[sectors];
                for (int i = 0; i < operations.Count; i++)
                {
                    (int start, int length, bool isData) = operations[i];
                    length = Math.Min(length, sectors - start);
                    SegmentName name = new(Guid.Empty, SegmentKind.Changes, 1, i + 1, i + 1);
                    Change change = new(i + 1, start * 512L, length * 512, isData ? ChangeKind.Data : ChangeKind.Zero, ChunkEncoding.None, 0, 0, default);
                    index.Apply(name, [change], long.MaxValue);
                    for (int s = start; s < start + length; s++)
                    {
                        expected[s] = isData ? ((i + 1) * 100) + (s - start) : 0;
                    }
                }

                int[] actual = new int[sectors];
                List<Extent> extents = [];
                index.Find(0, sectors * 512L, extents);
                long end = 0;
                foreach (Extent extent in extents)
                {
                    Assert.True(extent.Sector >= end);
                    end = extent.End;
                    for (int s = 0; s < extent.Sectors; s++)
                    {
                        actual[extent.Sector + s] = ((int)index.SegmentOf(extent).FirstSequence * 100) + extent.SkipSectors + s;
                    }
                }

                Assert.Equal(index.ExtentCount, extents.Count);
                return actual.AsSpan().SequenceEqual(expected);
            },
            iter: 300);
    }
}
