using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Blocks;

/// <summary>Disks on media with limits of their own: a block device, and a file system that is full.</summary>
public sealed class RealMediumTests : IDisposable
{
    private const int DiskBytes = 4 << 20;
    private const int SmallBytes = 1 << 20;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ABlockDeviceAgreesWithTheModel()
    {
        await using LoopDevice loop = await LoopDevice.CreateAsync(_folder.At("image"), DiskBytes);
        DeviceModel model = new(new byte[DiskBytes], 101);
        await using (FileBlockDevice device = FileBlockDevice.Open(loop.Path, isReadOnly: false))
        {
            Assert.True(device.IsRawDevice);
            Assert.Equal(DiskBytes, device.Length);
            for (int i = 0; i < 300; i++)
            {
                await model.StepAsync(device, 100_000, Stop);
            }

            await model.CheckAllAsync(device, Stop);
            Assert.Throws<AsrException>(() => FileBlockDevice.Open(loop.Path, isReadOnly: false));
        }

        await using FileBlockDevice again = FileBlockDevice.Open(loop.Path, isReadOnly: true);
        await model.CheckAllAsync(again, Stop);
    }

    [Theory]
    [InlineData(0, DiskBytes)]
    [InlineData(4096, 65536)]
    [InlineData(512, 1024)]
    [InlineData(513, 70_001)]
    public async Task ZeroingABlockDeviceZeroesThatRangeOnly(int offset, int length)
    {
        await using LoopDevice loop = await LoopDevice.CreateAsync(_folder.At("image"), DiskBytes);
        await using FileBlockDevice device = FileBlockDevice.Open(loop.Path, isReadOnly: false);
        foreach (bool punchHole in (bool[])[true, false])
        {
            byte[] content = DeviceModel.RandomContent(DiskBytes, 102);
            await device.WriteAsync(0, content, Stop);
            await device.ZeroAsync(offset, length, punchHole, Stop);
            content.AsSpan(offset, length).Clear();
            byte[] read = new byte[DiskBytes];
            await device.ReadAsync(0, read, Stop);
            Assert.True(read.AsSpan().SequenceEqual(content), $"punch hole: {punchHole}");
        }
    }

    [Fact]
    public async Task AFullFileSystemIsReportedAndTheDiskStaysUsable()
    {
        await using IAsyncDisposable small = await MountSmallAsync();
        await using FileBlockDevice device = FileBlockDevice.Create(_folder.At("small/disk"), DiskBytes);
        byte[] kept = DeviceModel.RandomContent(65536, 103);
        await device.WriteAsync(0, kept, Stop);
        AsrException write = await Assert.ThrowsAsync<AsrException>(async () => await device.WriteAsync(1 << 20, new byte[2 * SmallBytes], Stop));
        AsrException allocate = await Assert.ThrowsAsync<AsrException>(async () => await device.ZeroAsync(1 << 20, 2 * SmallBytes, punchHole: false, Stop));
        Assert.Equal((AsrErrorCode.DiskFull, AsrErrorCode.DiskFull), (write.Code, allocate.Code));

        // What was there is there, and freed space can be written again.
        byte[] read = new byte[kept.Length];
        await device.ReadAsync(0, read, Stop);
        Assert.Equal(kept, read);
        await device.ZeroAsync(1 << 20, 3 << 20, punchHole: true, Stop);
        await device.WriteAsync(2 << 20, kept, Stop);
        await device.FlushAsync(Stop);
        await device.ReadAsync(2 << 20, read, Stop);
        Assert.Equal(kept, read);
    }

    [Fact]
    public async Task AnOverlayOnAFullFileSystemLosesNoFinishedWrite()
    {
        await using IAsyncDisposable small = await MountSmallAsync();
        byte[] content = DeviceModel.RandomContent(DiskBytes, 104);
        MemoryBlockDevice below = new(DiskBytes);
        await below.WriteAsync(0, content, Stop);
        await using (OverlayBlockDevice overlay = await OpenAsync(below))
        {
            byte[] block = DeviceModel.RandomContent(65536, 105);
            int written = 0;
            AsrException? full = null;
            for (; full is null && written < DiskBytes; written += block.Length)
            {
                full = await Record.ExceptionAsync(async () => await overlay.WriteAsync(written, block, Stop)) as AsrException;
                if (full is null)
                {
                    block.CopyTo(content, written);
                }
            }

            Assert.Equal(AsrErrorCode.DiskFull, full?.Code);
            // Space given back is space to write in.
            await overlay.ZeroAsync(0, 131072, punchHole: true, Stop);
            content.AsSpan(0, 131072).Clear();
            await overlay.WriteAsync(3 << 20, block, Stop);
            block.CopyTo(content, 3 << 20);
            // The write that failed has no defined content; its range is written anew.
            int failed = written - block.Length;
            await overlay.ZeroAsync(failed, block.Length, punchHole: true, Stop);
            content.AsSpan(failed, block.Length).Clear();
            await overlay.FlushAsync(Stop);
        }

        await using OverlayBlockDevice again = await OpenAsync(below);
        await new DeviceModel(content, 104).CheckAllAsync(again, Stop);
    }

    private Task<OverlayBlockDevice> OpenAsync(MemoryBlockDevice below) =>
        OverlayBlockDevice.OpenAsync(below, _folder.At("small/overlay"), "point-1", Stop);

    private async Task<IAsyncDisposable> MountSmallAsync()
    {
        RealTools.RequireRoot();
        RealTools.Require("mount", "umount");
        string path = Directory.CreateDirectory(_folder.At("small")).FullName;
        ToolResult mount = await RealTools.RunAsync("mount", "-t", "tmpfs", "-o", $"size={SmallBytes}", "tmpfs", path);
        Assert.SkipUnless(mount.ExitCode == 0, $"needs to mount a tmpfs: {mount.All}");
        return new Mount(path);
    }

    private sealed class Mount(string path) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await RealTools.CheckAsync("umount", path);
    }
}
