using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd;
using Asr.Engine.Tests.Blocks;
using Xunit;

namespace Asr.Engine.Tests.Nbd;

public sealed class NbdClientServerTests
{
    private const int DiskBytes = 4 << 20;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(51)]
    [InlineData(52)]
    [InlineData(53)]
    public async Task RandomOperationsAgreeWithTheModel(int seed)
    {
        await using NbdFixture nbd = new(new MemoryBlockDevice(DiskBytes));
        await using NbdClient client = await nbd.ConnectAsync();
        DeviceModel model = new(new byte[DiskBytes], seed);
        for (int i = 0; i < 400; i++)
        {
            await model.StepAsync(client, 300_000, Stop);
        }

        await model.CheckAllAsync(client, Stop);
    }

    [Fact]
    public async Task ManyConcurrentRequestsKeepTheirDataApart()
    {
        await using NbdFixture nbd = new(new MemoryBlockDevice(DiskBytes), options: new NbdServerOptions { RequestsInFlightMax = 4, BytesInFlightMax = 70_000 });
        await using NbdClient client = await nbd.ConnectAsync();
        byte[] content = DeviceModel.RandomContent(DiskBytes, 61);
        const int piece = 32 * 1024;
        await Task.WhenAll(Enumerable.Range(0, DiskBytes / piece).Select(
            i => client.WriteAsync(i * piece, content.AsMemory(i * piece, piece), Stop).AsTask()));
        byte[][] read = await Task.WhenAll(Enumerable.Range(0, DiskBytes / piece).Select(async i =>
        {
            byte[] buffer = new byte[piece];
            await client.ReadAsync(i * piece, buffer, Stop);
            return buffer;
        }));
        Assert.True(read.SelectMany(part => part).SequenceEqual(content));
    }

    [Fact]
    public async Task AReadOnlyExportRefusesChanges()
    {
        await using NbdFixture nbd = new(new MemoryBlockDevice(DiskBytes), device => new NbdExport("disk", device) { IsReadOnly = true });
        await using NbdClient client = await nbd.ConnectAsync();
        Assert.True(client.IsReadOnly);
        AsrException error = await Assert.ThrowsAsync<AsrException>(async () => await client.WriteAsync(0, new byte[512], Stop));
        Assert.Equal(AsrErrorCode.DiskReadOnly, error.Code);
    }

    [Theory]
    [InlineData(AsrErrorCode.DiskFull, AsrErrorCode.DiskFull)]
    [InlineData(AsrErrorCode.VaultFull, AsrErrorCode.DiskFull)]
    [InlineData(AsrErrorCode.DiskReadOnly, AsrErrorCode.DiskReadOnly)]
    [InlineData(AsrErrorCode.SegmentCorrupt, AsrErrorCode.DiskUnreadable)]
    public async Task ADevicesErrorReachesTheClientAndTheConnectionLives(AsrErrorCode thrown, AsrErrorCode expected)
    {
        FailingDevice device = new(DiskBytes);
        await using NbdFixture nbd = new(device);
        await using NbdClient client = await nbd.ConnectAsync();
        device.Failure = new AsrException(thrown, "planted");
        AsrException write = await Assert.ThrowsAsync<AsrException>(async () => await client.WriteAsync(0, new byte[4096], Stop));
        AsrException read = await Assert.ThrowsAsync<AsrException>(async () => await client.ReadAsync(0, new byte[4096], Stop));
        device.Failure = null;
        await client.WriteAsync(0, new byte[4096], Stop);
        Assert.Equal((expected, expected), (write.Code, read.Code));
    }

    [Fact]
    public async Task AnUnknownExportIsNamed()
    {
        await using NbdFixture nbd = new(new MemoryBlockDevice(DiskBytes));
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => NbdClient.ConnectAsync(NbdUri.Unix(nbd.SocketPath, "other"), Stop));
        Assert.Equal(AsrErrorCode.NbdExportUnknown, error.Code);
    }

    [Fact]
    public async Task RemovingAnExportWaitsForItsRequestsAndDisconnects()
    {
        FailingDevice device = new(DiskBytes) { Gate = new TaskCompletionSource() };
        await using NbdFixture nbd = new(device);
        await using NbdClient client = await nbd.ConnectAsync();
        Task write = client.WriteAsync(0, new byte[512], Stop).AsTask();
        await device.Entered.Task.WaitAsync(Stop);
        Task removal = nbd.Server.RemoveExportAsync("disk", Stop);
        Assert.False(removal.IsCompleted);
        device.Gate.SetResult();
        await removal;
        await write;
        AsrException error = await Assert.ThrowsAsync<AsrException>(async () => await client.WriteAsync(0, new byte[512], Stop));
        Assert.Equal(AsrErrorCode.DiskUnreadable, error.Code);
        await Assert.ThrowsAsync<AsrException>(() => nbd.Server.RemoveExportAsync("disk", Stop));
    }

    [Fact]
    public async Task TcpServesTheSameDisk()
    {
        await using NbdFixture nbd = new(new MemoryBlockDevice(DiskBytes), options: new NbdServerOptions { TcpEndPoint = new IPEndPoint(IPAddress.Loopback, 0) });
        await using NbdClient client = await NbdClient.ConnectAsync(NbdUri.Parse(nbd.Server.GetUris("disk")[0].ToString()), Stop);
        await client.WriteAsync(100, new byte[] { 1, 2, 3 }, Stop);
        byte[] read = new byte[5];
        await client.ReadAsync(99, read, Stop);
        Assert.Equal([0, 1, 2, 3, 0], read);
    }

    [Theory]
    [InlineData("nbd://host/a%20b", "nbd://host:10809/a%20b")]
    [InlineData("nbd://[::1]:99/x", "nbd://[::1]:99/x")]
    [InlineData("nbd+unix:///n?socket=/tmp/s%3F", "nbd+unix:///n?socket=/tmp/s%3F")]
    public void AddressesAreReadAndWritten(string text, string expected) => Assert.Equal(expected, NbdUri.Parse(text).ToString());

    [Theory]
    [InlineData("http://host/a")]
    [InlineData("nbd+unix:///n")]
    [InlineData("nonsense")]
    public void OtherAddressesAreRefused(string text) =>
        Assert.Equal(AsrErrorCode.InvalidArgument, Assert.Throws<AsrException>(() => NbdUri.Parse(text)).Code);

    /// <summary>A disk in memory that can fail or hold its writes on demand.</summary>
    private sealed class FailingDevice(long length) : IBlockDevice
    {
        private readonly MemoryBlockDevice _inner = new(length);

        public Exception? Failure { get; set; }

        public TaskCompletionSource? Gate { get; init; }

        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long Length => _inner.Length;

        public bool IsReadOnly => false;

        public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
            Failure is null ? _inner.ReadAsync(offset, buffer, cancellationToken) : throw Failure;

        public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
        {
            Entered.TrySetResult();
            if (Gate is not null)
            {
                await Gate.Task;
            }

            if (Failure is not null)
            {
                throw Failure;
            }

            await _inner.WriteAsync(offset, buffer, cancellationToken);
        }

        public ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken) =>
            _inner.ZeroAsync(offset, length, punchHole, cancellationToken);

        public ValueTask FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

        public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken) =>
            _inner.GetExtentsAsync(offset, length, cancellationToken);

        public ValueTask DisposeAsync() => _inner.DisposeAsync();
    }
}
