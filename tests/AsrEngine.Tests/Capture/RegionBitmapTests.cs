using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Engine.Capture;
using Xunit;

namespace Asr.Engine.Tests.Capture;

public sealed class RegionBitmapTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(4096)]
    [InlineData(300_001)]
    public void It_holds_what_a_set_holds(int count)
    {
        Random random = new(count);
        RegionBitmap bitmap = new(count);
        SortedSet<long> model = [];
        for (int i = 0; i < 3000; i++)
        {
            long index = random.Next(count);
            if (random.Next(3) > 0)
            {
                Assert.Equal(model.Add(index), bitmap.Set(index));
            }
            else
            {
                Assert.Equal(model.Remove(index), bitmap.Clear(index));
            }

            long from = random.Next(count + 1);
            Assert.Equal(model.GetViewBetween(from, long.MaxValue).Cast<long?>().FirstOrDefault() ?? -1, bitmap.NextSet(from));
            Assert.Equal(model.Count, bitmap.SetCount);
        }

        Assert.Equal(model, Enumerate(bitmap));
        bitmap.SetAll();
        Assert.Equal(count, bitmap.SetCount);
        Assert.Equal(Enumerable.Range(0, count).Select(index => (long)index), Enumerate(bitmap));
        Assert.Equal(-1, bitmap.NextSet(count));
        for (long index = 0; index < count; index++)
        {
            bitmap.Clear(index);
        }

        Assert.True(bitmap.IsEmpty);
        Assert.Equal(-1, bitmap.NextSet(0));
        bitmap.SetAll();
        bitmap.ClearAll();
        Assert.Equal(-1, bitmap.NextSet(0));
    }

    private static IEnumerable<long> Enumerate(RegionBitmap bitmap)
    {
        for (long index = bitmap.NextSet(0); index >= 0; index = bitmap.NextSet(index + 1))
        {
            yield return index;
        }
    }
}
