using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Hashing;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Blocks;

public sealed class OverlayBlockDeviceTests : IDisposable
{
    // Not a multiple of the overlay's block, so that the last block is short.
    private const int DiskBytes = 1_000_960;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    [InlineData(23)]
    [InlineData(24)]
    public async Task EveryWriteIsFoundAfterReopeningAndTheBaseIsUntouched(int seed)
    {
        byte[] content = DeviceModel.RandomContent(DiskBytes, seed);
        MemoryBlockDevice below = await BaseAsync(content);
        DeviceModel model = new(content.ToArray(), seed);
        for (int round = 0; round < 8; round++)
        {
            await using OverlayBlockDevice overlay = await OpenAsync(below);
            await model.CheckAllAsync(overlay, Stop);
            for (int i = 0; i < 40; i++)
            {
                await model.StepAsync(overlay, 60_000, Stop);
            }

            await model.CheckAllAsync(overlay, Stop);
            // What kill -9 leaves is the file as the page cache has it at this moment: work goes on with such a copy.
            await CopyAsync(_folder.At("overlay"), _folder.At("killed"));
            await overlay.DisposeAsync();
            File.Move(_folder.At("killed"), _folder.At("overlay"), overwrite: true);
        }

        await new DeviceModel(content, seed).CheckAllAsync(below, Stop);
    }

    [Fact]
    public async Task AfterALossOfPowerOnlyFlushedBlocksHideTheBase()
    {
        byte[] content = DeviceModel.RandomContent(DiskBytes, 31);
        MemoryBlockDevice below = await BaseAsync(content);
        byte[] flushed = [.. Enumerable.Repeat((byte)1, 4096)];
        await using (OverlayBlockDevice overlay = await OpenAsync(below))
        {
            await overlay.WriteAsync(8192, flushed, Stop);
            await overlay.FlushAsync(Stop);
            await overlay.WriteAsync(40960, flushed, Stop);
        }

        PretendAnotherBoot();
        flushed.CopyTo(content, 8192);
        for (int opening = 0; opening < 2; opening++)
        {
            await using OverlayBlockDevice overlay = await OpenAsync(below);
            Assert.Equal(4096, overlay.DirtyBytes);
            await new DeviceModel(content, 31).CheckAllAsync(overlay, Stop);
        }
    }

    [Fact]
    public async Task ZeroedBlocksHideTheBaseAndTakeNoSpace()
    {
        MemoryBlockDevice below = await BaseAsync([.. Enumerable.Repeat((byte)7, DiskBytes)]);
        await using OverlayBlockDevice overlay = await OpenAsync(below);
        await overlay.ZeroAsync(4096, 65536, punchHole: true, Stop);
        Assert.Equal(
            [new(0, 4096, ExtentKind.Data), new(4096, 65536, ExtentKind.Hole), new(69632, DiskBytes - 69632, ExtentKind.Data)],
            await overlay.GetExtentsAsync(0, DiskBytes, Stop));
    }

    [Theory]
    [InlineData(41)]
    [InlineData(42)]
    public async Task ConcurrentUnalignedWritersOfOneBlockLoseNothing(int seed)
    {
        byte[] content = DeviceModel.RandomContent(DiskBytes, seed);
        MemoryBlockDevice below = await BaseAsync(content);
        await using OverlayBlockDevice overlay = await OpenAsync(below);
        // Disjoint pieces of odd sizes, shuffled over eight writers.
        List<(int Offset, byte[] Data)> pieces = [];
        Random random = new(seed);
        for (int offset = 0; offset < 400_000;)
        {
            byte[] data = new byte[random.Next(1, 6000)];
            random.NextBytes(data);
            pieces.Add((offset, data));
            data.CopyTo(content, offset);
            offset += data.Length + random.Next(3) * 700;
        }

        (int Offset, byte[] Data)[] shuffled = [.. pieces];
        random.Shuffle(shuffled);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(
            async () =>
            {
                for (int i = worker; i < shuffled.Length; i += 8)
                {
                    await overlay.WriteAsync(shuffled[i].Offset, shuffled[i].Data, Stop);
                }
            },
            Stop)));
        await new DeviceModel(content, seed).CheckAllAsync(overlay, Stop);
    }

    [Fact]
    public async Task AnOverlayOfAnotherBaseIsRefused()
    {
        MemoryBlockDevice below = await BaseAsync(new byte[DiskBytes]);
        await (await OpenAsync(below)).DisposeAsync();
        AsrException otherId = await Assert.ThrowsAsync<AsrException>(() => OverlayBlockDevice.OpenAsync(below, _folder.At("overlay"), "other", Stop));
        AsrException otherSize = await Assert.ThrowsAsync<AsrException>(() => OpenAsync(new MemoryBlockDevice(4096)));
        Assert.Equal((AsrErrorCode.DiskUnsupported, AsrErrorCode.DiskSizeChanged), (otherId.Code, otherSize.Code));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(17)]
    [InlineData(42)]
    [InlineData(4090)]
    public async Task ADamagedHeaderIsRefused(int position)
    {
        MemoryBlockDevice below = await BaseAsync(new byte[DiskBytes]);
        await (await OpenAsync(below)).DisposeAsync();
        using (FileStream file = File.Open(_folder.At("overlay"), FileMode.Open))
        {
            file.Position = position;
            int old = file.ReadByte();
            file.Position = position;
            file.WriteByte((byte)(old ^ 0x10));
        }

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => OpenAsync(below));
        Assert.Equal(AsrErrorCode.DiskUnreadable, error.Code);
    }

    [Fact]
    public async Task AnOverlayInUseIsRefused()
    {
        MemoryBlockDevice below = await BaseAsync(new byte[DiskBytes]);
        await using OverlayBlockDevice first = await OpenAsync(below);
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => OpenAsync(below));
        Assert.Equal(AsrErrorCode.DiskBusy, error.Code);
    }

    private static async Task<MemoryBlockDevice> BaseAsync(byte[] content)
    {
        MemoryBlockDevice device = new(content.Length);
        await device.WriteAsync(0, content, Stop);
        return device;
    }

    private static async Task CopyAsync(string from, string to)
    {
        // File.Copy would ask for the lock that the overlay holds.
        await using FileBlockDevice source = FileBlockDevice.Open(from, isReadOnly: true);
        byte[] content = new byte[source.Length];
        await source.ReadAsync(0, content, Stop);
        await File.WriteAllBytesAsync(to, content, Stop);
    }

    private Task<OverlayBlockDevice> OpenAsync(MemoryBlockDevice below) =>
        OverlayBlockDevice.OpenAsync(below, _folder.At("overlay"), "point-1", Stop);

    /// <summary>Changes the boot id in the header, and its checksum, as if the machine had been restarted since.</summary>
    private void PretendAnotherBoot()
    {
        using FileStream file = File.Open(_folder.At("overlay"), FileMode.Open);
        byte[] header = new byte[4096];
        file.ReadExactly(header);
        header[24] ^= 0xff;
        BitConverter.TryWriteBytes(header.AsSpan(4088), XxHash64.HashToUInt64(header.AsSpan(0, 4088)));
        file.Position = 0;
        file.Write(header);
    }
}
