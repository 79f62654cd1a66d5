using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd;
using Asr.Engine.Nbd.Protocol;
using Asr.Engine.Tests.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Nbd;

/// <summary>A server for one client: it shakes hands as it should, and then a script says what happens on the wire.</summary>
internal sealed class HostileServer : IAsyncDisposable
{
    public const int DiskBytes = 1 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.IP);
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Task _running;

    public HostileServer(Func<HostileServer, Task> script, bool shakesHands = true)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(_folder.At("socket")));
        _listener.Listen();
        _running = RunAsync(script, shakesHands);
    }

    /// <summary>The connection; valid within the script.</summary>
    public Socket Client { get; private set; } = null!;

    /// <summary>Ends when the test does.</summary>
    public CancellationToken Stop => _stop.Token;

    public NbdUri Uri => NbdUri.Unix(_folder.At("socket"), "disk");

    public Task<NbdClient> ConnectAsync() => NbdClient.ConnectAsync(Uri, TestContext.Current.CancellationToken);

    /// <summary>Receives one request without payload and returns its cookie.</summary>
    public async Task<ulong> ReceiveAsync()
    {
        byte[] request = new byte[NbdConstants.RequestBytes];
        for (int have = 0; have < request.Length;)
        {
            int count = await Client.ReceiveAsync(request.AsMemory(have), SocketFlags.None, Stop);
            Assert.NotEqual(0, count);
            have += count;
        }

        return NbdRequestHeader.Read(request).Cookie;
    }

    public async Task SendAsync(params byte[] data)
    {
        for (int sent = 0; sent < data.Length;)
        {
            sent += await Client.SendAsync(data.AsMemory(sent), SocketFlags.None, Stop);
        }
    }

    /// <summary>A chunk's header and the first bytes of its payload, whatever its header says.</summary>
    public static byte[] Chunk(NbdChunk kind, ulong cookie, uint length, params byte[] payload)
    {
        byte[] chunk = new byte[NbdConstants.ChunkHeaderBytes + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(chunk, NbdConstants.StructuredReplyMagic);
        chunk[5] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(6), (ushort)kind);
        BinaryPrimitives.WriteUInt64BigEndian(chunk.AsSpan(8), cookie);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(16), length);
        payload.CopyTo(chunk, NbdConstants.ChunkHeaderBytes);
        return chunk;
    }

    public static byte[] SimpleReply(ulong cookie)
    {
        byte[] reply = new byte[NbdConstants.SimpleReplyBytes];
        BinaryPrimitives.WriteUInt32BigEndian(reply, NbdConstants.SimpleReplyMagic);
        BinaryPrimitives.WriteUInt64BigEndian(reply.AsSpan(8), cookie);
        return reply;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            // The script was waiting, or its client went.
        }

        _listener.Dispose();
        _stop.Dispose();
        _folder.Dispose();
    }

    private async Task RunAsync(Func<HostileServer, Task> script, bool shakesHands)
    {
        using Socket client = await _listener.AcceptAsync(Stop);
        Client = client;
        if (shakesHands)
        {
            await ShakeHandsAsync();
        }

        await script(this);
    }

    private async Task ShakeHandsAsync()
    {
        NbdExport export = new("disk", new MemoryBlockDevice(DiskBytes));
        NbdHandshake handshake = new(() => [export]);
        ArrayBufferWriter<byte> output = new();
        NbdHandshake.WriteGreeting(output);
        byte[] input = new byte[4096];
        int have = 0;
        for (NbdHandshakeStep step = NbdHandshakeStep.Continue; step != NbdHandshakeStep.Transmission;)
        {
            await SendAsync(output.WrittenSpan.ToArray());
            output.ResetWrittenCount();
            if (step == NbdHandshakeStep.NeedMore)
            {
                have += await Client.ReceiveAsync(input.AsMemory(have), SocketFlags.None, Stop);
            }

            step = handshake.Advance(input.AsSpan(0, have), output, out int consumed);
            input.AsSpan(consumed, have - consumed).CopyTo(input);
            have -= consumed;
        }

        await SendAsync(output.WrittenSpan.ToArray());
    }
}
