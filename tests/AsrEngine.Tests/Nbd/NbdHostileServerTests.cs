using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Nbd;
using Asr.Engine.Nbd.Protocol;
using Xunit;

namespace Asr.Engine.Tests.Nbd;

/// <summary>The client against a server that breaks the protocol, breaks off, or hangs. A client that hangs too fails by the time limit.</summary>
public sealed class NbdHostileServerTests
{
    private const int HangMs = 60_000;
    private const byte Untouched = 0xEE;

    [Theory(Timeout = HangMs)]
    [InlineData("data chunk larger than the read")]
    [InlineData("data chunk of 4 GiB")]
    [InlineData("data chunk before the read")]
    [InlineData("hole larger than the read")]
    [InlineData("status that was not asked for")]
    [InlineData("last chunk without all data")]
    [InlineData("wrong cookie")]
    [InlineData("wrong magic")]
    [InlineData("simple reply to a read")]
    [InlineData("endless error text")]
    public async Task ABrokenReplyEndsTheConnectionAsAProtocolError(string how)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        byte[] noOffset = new byte[8];
        await using HostileServer server = new(async wire =>
        {
            ulong cookie = await wire.ReceiveAsync();
            await wire.SendAsync(how switch
            {
                "data chunk larger than the read" => HostileServer.Chunk(NbdChunk.OffsetData, cookie, 8 + 8192, noOffset),
                "data chunk of 4 GiB" => HostileServer.Chunk(NbdChunk.OffsetData, cookie, uint.MaxValue, noOffset),
                "data chunk before the read" => HostileServer.Chunk(NbdChunk.OffsetData, cookie, 8 + 512, 255, 255, 255, 255, 255, 255, 255, 0),
                "hole larger than the read" => HostileServer.Chunk(NbdChunk.OffsetHole, cookie, 12, [.. noOffset, 255, 255, 255, 255]),
                "status that was not asked for" => HostileServer.Chunk(NbdChunk.BlockStatus, cookie, 12, 0, 0, 0, 1, 0, 0, 16, 0, 0, 0, 0, 0),
                "last chunk without all data" => HostileServer.Chunk(NbdChunk.None, cookie, 0),
                "wrong cookie" => HostileServer.Chunk(NbdChunk.None, cookie + 1, 0),
                "wrong magic" => new byte[20],
                "simple reply to a read" => HostileServer.SimpleReply(cookie),
                _ => HostileServer.Chunk(NbdChunk.Error, cookie, uint.MaxValue),
            });
            await Task.Delay(Timeout.Infinite, wire.Stop);
        });
        await using NbdClient client = await server.ConnectAsync();
        AsrException first = await Assert.ThrowsAsync<AsrException>(async () => await client.ReadAsync(0, new byte[4096], stop));
        AsrException next = await Assert.ThrowsAsync<AsrException>(async () => await client.FlushAsync(stop));
        Assert.Equal((AsrErrorCode.NbdProtocol, AsrErrorCode.NbdProtocol), (first.Code, next.Code));
    }

    [Theory(Timeout = HangMs)]
    [InlineData(1)]
    [InlineData(19)]
    [InlineData(24)]
    [InlineData(28)]
    [InlineData(4000)]
    public async Task AReplyThatBreaksOffIsALostConnection(int bytes)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        await using HostileServer server = new(async wire =>
        {
            byte[] reply = HostileServer.Chunk(NbdChunk.OffsetData, await wire.ReceiveAsync(), 8 + 4096, new byte[8 + 4096]);
            await wire.SendAsync(reply[..bytes]);
        });
        await using NbdClient client = await server.ConnectAsync();
        AsrException error = await Assert.ThrowsAsync<AsrException>(async () => await client.ReadAsync(0, new byte[4096], stop));
        Assert.Equal(AsrErrorCode.DiskUnreadable, error.Code);
    }

    [Theory(Timeout = HangMs)]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(28 + 1000)]
    public async Task ACancelledReadReturnsItsBufferAndItsLateReplyIsThrownAway(int bytesBefore)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        TaskCompletionSource partSent = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using HostileServer server = new(async wire =>
        {
            byte[] late = HostileServer.Chunk(NbdChunk.OffsetData, await wire.ReceiveAsync(), 8 + 4096, [.. new byte[8], .. Enumerable.Repeat((byte)7, 4096)]);
            await wire.SendAsync(late[..bytesBefore]);
            partSent.SetResult();
            await cancelled.Task;
            ulong next = await wire.ReceiveAsync();
            await wire.SendAsync([.. late[bytesBefore..], .. HostileServer.SimpleReply(next)]);
            await Task.Delay(Timeout.Infinite, wire.Stop);
        });
        await using NbdClient client = await server.ConnectAsync();
        byte[] buffer = new byte[4096];
        using CancellationTokenSource giveUp = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task read = client.ReadAsync(0, buffer, giveUp.Token).AsTask();
        await partSent.Task;
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        buffer.AsSpan().Fill(Untouched);
        cancelled.SetResult();
        // Its reply follows the late one, and the connection has kept its frame.
        await client.FlushAsync(stop);
        Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept(Untouched));
    }

    [Fact(Timeout = HangMs)]
    public async Task CancellingReachesAWriteThatTheServerDoesNotReceiveAndThoseBehindIt()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        await using HostileServer server = new(wire => Task.Delay(Timeout.Infinite, wire.Stop));
        await using NbdClient client = await server.ConnectAsync();
        using CancellationTokenSource giveUp = CancellationTokenSource.CreateLinkedTokenSource(stop);
        // More than the socket buffers, so the first hangs within its payload, and more than there are places.
        Task[] writes = [.. Enumerable.Range(0, 80).Select(_ => client.WriteAsync(0, new byte[HostileServer.DiskBytes], giveUp.Token).AsTask())];
        await giveUp.CancelAsync();
        foreach (Task write in writes)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        }
    }

    [Fact(Timeout = HangMs)]
    public async Task DisposingEndsWhatASilentServerHolds()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        await using HostileServer server = new(wire => Task.Delay(Timeout.Infinite, wire.Stop));
        NbdClient client = await server.ConnectAsync();
        Task read = client.ReadAsync(0, new byte[4096], stop).AsTask();
        Task[] writes = [.. Enumerable.Range(0, 80).Select(_ => client.WriteAsync(0, new byte[HostileServer.DiskBytes], stop).AsTask())];
        await client.DisposeAsync();
        foreach (Task request in (Task[])[read, .. writes])
        {
            Assert.Equal(AsrErrorCode.DiskUnreadable, (await Assert.ThrowsAsync<AsrException>(() => request)).Code);
        }

        await client.DisposeAsync();
    }

    [Fact(Timeout = HangMs)]
    public async Task ConnectingToASilentServerCanBeCancelled()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        TaskCompletionSource accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using HostileServer server = new(
            async wire =>
            {
                accepted.SetResult();
                await Task.Delay(Timeout.Infinite, wire.Stop);
            },
            shakesHands: false);
        using CancellationTokenSource giveUp = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task<NbdClient> connecting = NbdClient.ConnectAsync(server.Uri, giveUp.Token);
        await accepted.Task;
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
    }
}
