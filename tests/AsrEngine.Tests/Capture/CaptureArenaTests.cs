using System.Collections.Generic;
using Asr.Engine.Capture;
using Xunit;

namespace Asr.Engine.Tests.Capture;

public sealed class CaptureArenaTests
{
    [Fact]
    public void Memory_is_bounded_never_shared_and_comes_back()
    {
        CaptureArena arena = new(8 << 20);
        for (int round = 0; round < 3; round++)
        {
            List<CaptureBuffer> taken = [];
            for (byte value = 0; arena.TryReserve(300_000, out CaptureBuffer buffer); value++)
            {
                buffer.Memory.Span.Fill(value);
                taken.Add(buffer);
            }

            Assert.InRange(taken.Count, 8, 27);
            Assert.Equal(8 << 20, arena.UsedBytes);
            Assert.False(arena.HasRoomForCatchUp);
            for (int i = 0; i < taken.Count; i++)
            {
                Assert.Equal(-1, System.MemoryExtensions.IndexOfAnyExcept(taken[i].Memory.Span, (byte)i));
                taken[i].Release();
            }

            Assert.True(arena.HasRoomForCatchUp);
        }
    }

    [Fact]
    public void A_part_keeps_its_slab_until_it_is_released_too()
    {
        CaptureArena arena = new(4 << 20);
        Assert.True(arena.TryReserve(CaptureArena.SlabBytes, out CaptureBuffer whole));
        CaptureBuffer part = whole.Share(4096, 512);
        whole.Release();
        Assert.Equal(CaptureArena.SlabBytes, arena.UsedBytes);

        part.Release();
        Assert.Equal(0, arena.UsedBytes);
    }
}
