using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd;
using Asr.Engine.Nbd.Protocol;
using Asr.Engine.Tests.Blocks;
using Xunit;

namespace Asr.Engine.Tests.Nbd;

/// <summary>How the server treats slow clients, many clients, and its own end.</summary>
public sealed class NbdServerLifeTests
{
    private const int HangMs = 60_000;
    private const int DiskBytes = 4 << 20;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = HangMs)]
    public async Task RequestsThatHangAtShutdownAreCancelledAndAnsweredSo()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        HeldDevice device = new(DiskBytes);
        // Long enough for a busy machine to send the answer after the cancellation.
        NbdFixture nbd = new(device, options: new NbdServerOptions { DrainTimeout = TimeSpan.FromSeconds(3) });
        await using NbdClient client = await nbd.ConnectAsync();
        Task write = client.WriteAsync(0, new byte[512], stop).AsTask();
        await device.Entered.Task;
        await nbd.DisposeAsync();
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => write);
        Assert.Contains("shutting down", error.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = HangMs)]
    public async Task WhileARequestHoldsAnExportsRemovalOthersAreRefused()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        HeldDevice device = new(DiskBytes);
        await using NbdFixture nbd = new(device, options: new NbdServerOptions { DrainTimeout = TimeSpan.FromHours(1) });
        await using NbdClient client = await nbd.ConnectAsync();
        Task write = client.WriteAsync(0, new byte[512], stop).AsTask();
        await device.Entered.Task;
        Task removal = nbd.Server.RemoveExportAsync("disk", stop);
        AsrException error = await Assert.ThrowsAsync<AsrException>(async () => await client.ReadAsync(0, new byte[512], stop));
        Assert.Contains("shutting down", error.Message, StringComparison.Ordinal);
        Assert.False(removal.IsCompleted || write.IsCompleted);
        device.Release.SetResult();
        await write;
        await removal;
    }

    [Fact(Timeout = HangMs)]
    public async Task AClientMaySendMuchBeforeItReads()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        byte[] content = DeviceModel.RandomContent(DiskBytes, 91);
        MemoryBlockDevice device = new(DiskBytes);
        await device.WriteAsync(0, content, stop);
        await using NbdFixture nbd = new(device);
        using Socket socket = await OpenAsync(nbd);
        // The replies are far more than the socket buffers, and so is the write that follows.
        byte[] read = Request(NbdCommand.Read, 0, DiskBytes);
        await SendAsync(socket, [.. read, .. read, .. read, .. Request(NbdCommand.Write, 0, DiskBytes), .. content]);
        for (int i = 0; i < 3; i++)
        {
            byte[] reply = await ReceiveAsync(socket, NbdConstants.SimpleReplyBytes + DiskBytes);
            Assert.True(reply.AsSpan(NbdConstants.SimpleReplyBytes).SequenceEqual(content));
        }

        byte[] written = await ReceiveAsync(socket, NbdConstants.SimpleReplyBytes);
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32BigEndian(written.AsSpan(4)));
    }

    [Fact(Timeout = HangMs)]
    public async Task AClientThatTakesNoRepliesDoesNotHoldTheServer()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        NbdFixture nbd = new(new MemoryBlockDevice(DiskBytes), options: new NbdServerOptions { DrainTimeout = TimeSpan.FromMilliseconds(20) });
        using Socket socket = await OpenAsync(nbd);
        byte[] read = Request(NbdCommand.Read, 0, DiskBytes);
        await SendAsync(socket, [.. read, .. read, .. read]);
        await ReceiveAsync(socket, NbdConstants.SimpleReplyBytes);
        await nbd.DisposeAsync();
        long rest = 0;
        byte[] buffer = new byte[65536];
        for (int count; (count = await socket.ReceiveAsync(buffer, SocketFlags.None, stop)) > 0; rest += count)
        {
        }

        Assert.InRange(rest, 0, DiskBytes - 1);
    }

    [Fact(Timeout = HangMs)]
    public async Task ManyIdleClientsLeaveRoomForABusyOne()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        await using NbdFixture nbd = new(new MemoryBlockDevice(DiskBytes), options: new NbdServerOptions { ConnectionsMax = 300 });
        List<NbdClient> idle = [];
        for (int i = 0; i < 299; i++)
        {
            idle.Add(await nbd.ConnectAsync());
        }

        await using NbdClient busy = await nbd.ConnectAsync();
        byte[] content = DeviceModel.RandomContent(65536, 92);
        await busy.WriteAsync(0, content, stop);
        byte[] read = new byte[content.Length];
        await idle[^1].ReadAsync(0, read, stop);
        Assert.Equal(content, read);
        foreach (NbdClient client in idle)
        {
            await client.DisposeAsync();
        }
    }

    private static async Task<Socket> OpenAsync(NbdFixture nbd)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.IP);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(nbd.SocketPath), Stop);
        await SendAsync(socket, [0, 0, 0, 3, .. "IHAVEOPT"u8, 0, 0, 0, 1, 0, 0, 0, 4, .. "disk"u8]);
        await ReceiveAsync(socket, NbdConstants.GreetingBytes + 10);
        return socket;
    }

    private static byte[] Request(NbdCommand command, ulong offset, uint length)
    {
        byte[] message = new byte[NbdConstants.RequestBytes];
        new NbdRequestHeader(NbdCommandFlags.None, command, 1, offset, length).Write(message);
        return message;
    }

    private static async Task SendAsync(Socket socket, byte[] data)
    {
        for (int sent = 0; sent < data.Length;)
        {
            sent += await socket.SendAsync(data.AsMemory(sent), SocketFlags.None, Stop);
        }
    }

    private static async Task<byte[]> ReceiveAsync(Socket socket, int bytes)
    {
        byte[] data = new byte[bytes];
        for (int have = 0; have < bytes;)
        {
            int count = await socket.ReceiveAsync(data.AsMemory(have), SocketFlags.None, Stop);
            Assert.NotEqual(0, count);
            have += count;
        }

        return data;
    }

    /// <summary>A disk whose writes wait until they are released or cancelled.</summary>
    private sealed class HeldDevice(long length) : IBlockDevice
    {
        private readonly MemoryBlockDevice _inner = new(length);

        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long Length => _inner.Length;

        public bool IsReadOnly => false;

        public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) => _inner.ReadAsync(offset, buffer, cancellationToken);

        public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
        {
            Entered.TrySetResult();
            await Release.Task.WaitAsync(cancellationToken);
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
