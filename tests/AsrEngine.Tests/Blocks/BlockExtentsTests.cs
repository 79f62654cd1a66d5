using System;
using System.Collections.Generic;
using Asr.Engine.Blocks;
using CsCheck;
using Xunit;

namespace Asr.Engine.Tests.Blocks;

public sealed class BlockExtentsTests
{
    [Fact]
    public void AppendMergesEqualNeighboursAndDropsEmptyOnes()
    {
        List<BlockExtent> extents = [];
        BlockExtents.Append(extents, new BlockExtent(10, 5, ExtentKind.Data));
        BlockExtents.Append(extents, new BlockExtent(15, 0, ExtentKind.Hole));
        BlockExtents.Append(extents, new BlockExtent(15, 5, ExtentKind.Data));
        BlockExtents.Append(extents, new BlockExtent(20, 1, ExtentKind.Zero));
        Assert.Equal([new BlockExtent(10, 10, ExtentKind.Data), new BlockExtent(20, 1, ExtentKind.Zero)], extents);
        Assert.Throws<ArgumentException>(() => BlockExtents.Append(extents, new BlockExtent(22, 1, ExtentKind.Data)));
    }

    [Theory]
    [InlineData(0, 100, 10, 20)]
    [InlineData(12, 4, 12, 4)]
    [InlineData(25, 100, 25, 5)]
    [InlineData(30, 5, 30, 0)]
    [InlineData(0, 10, 10, 0)]
    public void ClipKeepsTheCommonPart(long offset, long length, long expectedOffset, long expectedLength) =>
        Assert.Equal(
            new BlockExtent(expectedOffset, expectedLength, ExtentKind.Hole),
            BlockExtents.Clip(new BlockExtent(10, 20, ExtentKind.Hole), offset, length));

    [Fact]
    public void SplitFindsExactlyTheZeroBlocks() =>
        Gen.Select(Gen.Byte[0, 1].Array[0, 300], Gen.Int[1, 64]).Sample((data, blockBytes) =>
        {
            List<BlockExtent> extents = [];
            ZeroDetector.Split(data, blockBytes, extents);
            long end = 0;
            foreach (BlockExtent extent in extents)
            {
                Assert.Equal(end, extent.Offset);
                end = extent.End;
                bool anySet = data.AsSpan((int)extent.Offset, (int)extent.Length).ContainsAnyExcept((byte)0);
                Assert.Equal(extent.Kind == ExtentKind.Data, anySet);
            }

            Assert.Equal(data.Length, end);
        });

    [Fact]
    public void BitmapAgreesWithAnArrayOfBooleans() =>
        Gen.Select(Gen.Int[1, 300], Gen.Select(Gen.Int[0, 299], Gen.Int[0, 130]).Array[0, 6]).Sample((count, ranges) =>
        {
            BlockBitmap bitmap = new(count);
            bool[] model = new bool[count];
            foreach ((int start, int length) in ranges)
            {
                int first = start % count;
                int run = Math.Min(length, count - first);
                bool changed = model.AsSpan(first, run).Contains(false);
                Assert.Equal(changed, bitmap.Set(first, run));
                model.AsSpan(first, run).Fill(true);
            }

            Assert.Equal(model.AsSpan().Count(true), bitmap.CountSet());
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(model[i], bitmap[i]);
                int end = model.AsSpan(i).IndexOf(!model[i]);
                Assert.Equal(end < 0 ? count - i : end, bitmap.RunLength(i, count - i, model[i]));
                Assert.Equal(0, bitmap.RunLength(i, count - i, !model[i]));
            }
        });
}
