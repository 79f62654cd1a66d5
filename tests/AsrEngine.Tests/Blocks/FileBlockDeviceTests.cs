using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Blocks;

public sealed class FileBlockDeviceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public async Task RandomOperationsAgreeWithTheModel(int seed)
    {
        const int length = 1 << 20;
        string path = _folder.At("disk");
        DeviceModel model = new(new byte[length], seed);
        await using (FileBlockDevice device = FileBlockDevice.Create(path, length))
        {
            for (int i = 0; i < 400; i++)
            {
                await model.StepAsync(device, 100_000, Stop);
            }

            await model.CheckAllAsync(device, Stop);
        }

        Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(model.Expected));
    }

    [Fact]
    public async Task MemoryDeviceAgreesWithTheModelAndGivesTrimmedMemoryBack()
    {
        const int length = 1 << 20;
        DeviceModel model = new(new byte[length], 13);
        await using MemoryBlockDevice device = new(length);
        for (int i = 0; i < 1000; i++)
        {
            await model.StepAsync(device, 200_000, Stop);
        }

        await model.CheckAllAsync(device, Stop);
        await device.ZeroAsync(0, length, punchHole: true, Stop);
        Assert.Equal(0, device.AllocatedBytes);
    }

    [Fact]
    public async Task ExtentsShowHoles()
    {
        await using FileBlockDevice device = FileBlockDevice.Create(_folder.At("disk"), 8 << 20);
        await device.WriteAsync(4 << 20, new byte[4096], Stop);
        Assert.Equal(
            [new(0, 4 << 20, ExtentKind.Hole), new(4 << 20, 4096, ExtentKind.Data), new((4 << 20) + 4096, (4 << 20) - 4096, ExtentKind.Hole)],
            await device.GetExtentsAsync(0, 8 << 20, Stop));
    }

    [Fact]
    public async Task ASecondWriterIsRefusedAndAReaderIsNot()
    {
        string path = _folder.At("disk");
        await using (FileBlockDevice writer = FileBlockDevice.Create(path, 4096))
        {
            AsrException error = Assert.Throws<AsrException>(() => FileBlockDevice.Open(path, isReadOnly: false));
            Assert.Equal(AsrErrorCode.DiskBusy, error.Code);
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
            await using FileBlockDevice reader = FileBlockDevice.Open(path, isReadOnly: true);
            Assert.Equal(4096, reader.Length);
        }

        await using FileBlockDevice next = FileBlockDevice.Open(path, isReadOnly: false);
        Assert.False(next.IsReadOnly);
    }

    [Fact]
    public async Task AReadOnlyDiskRefusesChanges()
    {
        string path = _folder.At("disk");
        await FileBlockDevice.Create(path, 4096).DisposeAsync();
        await using FileBlockDevice device = FileBlockDevice.Open(path, isReadOnly: true);
        AsrException write = await Assert.ThrowsAsync<AsrException>(async () => await device.WriteAsync(0, new byte[1], Stop));
        AsrException zero = await Assert.ThrowsAsync<AsrException>(async () => await device.ZeroAsync(0, 1, true, Stop));
        Assert.Equal((AsrErrorCode.DiskReadOnly, AsrErrorCode.DiskReadOnly), (write.Code, zero.Code));
    }

    [Theory]
    [InlineData("absent", AsrErrorCode.DiskUnreadable)]
    [InlineData("folder", AsrErrorCode.DiskUnreadable)]
    [InlineData("empty", AsrErrorCode.DiskUnsupported)]
    [InlineData("odd", AsrErrorCode.DiskUnsupported)]
    public void WhatIsNoDiskIsRefused(string kind, AsrErrorCode expected)
    {
        Directory.CreateDirectory(_folder.At("folder"));
        File.WriteAllBytes(_folder.At("empty"), []);
        File.WriteAllBytes(_folder.At("odd"), new byte[513]);
        AsrException error = Assert.Throws<AsrException>(() => FileBlockDevice.Open(_folder.At(kind), isReadOnly: true));
        Assert.Equal(expected, error.Code);
        Assert.Equal(_folder.At(kind), error.Target);
    }

    [Fact]
    public async Task AFileThatShrankIsReported()
    {
        string path = _folder.At("disk");
        await FileBlockDevice.Create(path, 8192).DisposeAsync();
        await using FileBlockDevice device = FileBlockDevice.Open(path, isReadOnly: true);
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(4096);
        }

        AsrException error = await Assert.ThrowsAsync<AsrException>(async () => await device.ReadAsync(0, new byte[8192], Stop));
        Assert.Equal(AsrErrorCode.DiskSizeChanged, error.Code);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(4096, 1)]
    [InlineData(4095, 2)]
    [InlineData(long.MaxValue, 512)]
    public async Task RangesOutsideTheDiskAreRefused(long offset, int length)
    {
        await using FileBlockDevice device = FileBlockDevice.Create(_folder.At("disk"), 4096);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await device.ReadAsync(offset, new byte[length], Stop));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await device.WriteAsync(offset, new byte[length], Stop));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await device.ZeroAsync(offset, length, true, Stop));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await device.GetExtentsAsync(offset, length, Stop));
    }
}
