using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Xunit;

namespace Asr.Engine.Tests.Blocks;

/// <summary>Drives a device with random operations of one seed and compares it with a plain array.</summary>
internal sealed class DeviceModel(byte[] expected, int seed)
{
    private readonly Random _random = new(seed);

    public byte[] Expected => expected;

    /// <summary>A model of random content with runs of zeros in it.</summary>
    public static byte[] RandomContent(int length, int seed)
    {
        Random random = new(seed);
        byte[] content = new byte[length];
        random.NextBytes(content);
        for (int i = 0; i < 8; i++)
        {
            int start = random.Next(length);
            content.AsSpan(start, random.Next(length - start) / 4).Clear();
        }

        return content;
    }

    /// <summary>One random change or read of at most <paramref name="bytesMax"/> bytes at any alignment.</summary>
    public async Task StepAsync(IBlockDevice device, int bytesMax, CancellationToken cancellationToken)
    {
        int unit = _random.Next(3) switch { 0 => 1, 1 => 512, _ => 4096 };
        int offset = _random.Next(expected.Length / unit) * unit;
        int length = Math.Min(Math.Max(1, _random.Next(bytesMax) / unit) * unit, expected.Length - offset);
        switch (_random.Next(10))
        {
            case 0 or 1 or 2 or 3:
                byte[] data = new byte[length];
                _random.NextBytes(data);
                await device.WriteAsync(offset, data, cancellationToken);
                data.CopyTo(expected.AsSpan(offset));
                break;
            case 4:
                await device.ZeroAsync(offset, length, punchHole: true, cancellationToken);
                expected.AsSpan(offset, length).Clear();
                break;
            case 5:
                await device.ZeroAsync(offset, length, punchHole: false, cancellationToken);
                expected.AsSpan(offset, length).Clear();
                break;
            case 6:
                await device.FlushAsync(cancellationToken);
                break;
            case 7:
                await CheckExtentsAsync(device, offset, length, cancellationToken);
                break;
            default:
                byte[] read = new byte[length];
                await device.ReadAsync(offset, read, cancellationToken);
                Assert.True(read.AsSpan().SequenceEqual(expected.AsSpan(offset, length)), $"seed {seed}: wrong data at {offset}+{length}");
                break;
        }
    }

    /// <summary>Reads the whole device and compares.</summary>
    public async Task CheckAllAsync(IBlockDevice device, CancellationToken cancellationToken)
    {
        byte[] read = new byte[expected.Length];
        await device.ReadAsync(0, read, cancellationToken);
        Assert.True(read.AsSpan().SequenceEqual(expected), $"seed {seed}: first difference at {read.AsSpan().CommonPrefixLength(expected)}");
        await CheckExtentsAsync(device, 0, expected.Length, cancellationToken);
    }

    private async Task CheckExtentsAsync(IBlockDevice device, int offset, int length, CancellationToken cancellationToken)
    {
        IReadOnlyList<BlockExtent> extents = await device.GetExtentsAsync(offset, length, cancellationToken);
        Assert.Equal(offset, extents[0].Offset);
        Assert.Equal(offset + length, extents[^1].End);
        Assert.All(extents.Zip(extents.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Offset));
        foreach (BlockExtent extent in extents.Where(extent => extent.Kind != ExtentKind.Data))
        {
            Assert.True(
                ZeroDetector.IsZero(expected.AsSpan((int)extent.Offset, (int)extent.Length)),
                $"seed {seed}: {extent} is not zero");
        }
    }
}
