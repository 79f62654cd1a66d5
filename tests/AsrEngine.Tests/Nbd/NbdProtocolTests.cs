using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd;
using Asr.Engine.Nbd.Protocol;
using CsCheck;
using Xunit;

namespace Asr.Engine.Tests.Nbd;

public sealed class NbdProtocolTests
{
    private static readonly IReadOnlyList<NbdExport> s_exports =
        [new NbdExport("disk", new MemoryBlockDevice(1 << 20)), new NbdExport("other", new MemoryBlockDevice(1 << 20)) { Description = "text" }];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void TheHandshakeIsTheSameAtEverySplitPoint()
    {
        byte[] talk = [0, 0, 0, 3, .. Option(8, []), .. Option(3, []), .. Option(99, [1, 2]), .. Option(10, Context("disk", "base:allocation")), .. Option(7, Go("disk"))];
        (byte[] whole, NbdHandshake chosen) = Run(talk, talk.Length);
        Assert.Equal("disk", chosen.Export?.Name);
        Assert.True(chosen.HasStructuredReplies && chosen.HasAllocationContext);
        for (int split = 0; split < talk.Length; split++)
        {
            (byte[] output, NbdHandshake handshake) = Run(talk, split);
            Assert.Equal(whole, output);
            Assert.Equal("disk", handshake.Export?.Name);
        }
    }

    [Theory]
    [InlineData("disk", "base:allocation", true)]
    [InlineData("disk", "base:", false)]
    [InlineData("disk", "qemu:dirty", false)]
    [InlineData("other", "base:allocation", false)]
    public void TheContextCountsForItsExportOnly(string contextExport, string query, bool expected)
    {
        byte[] talk = [0, 0, 0, 3, .. Option(8, []), .. Option(10, Context(contextExport, query)), .. Option(7, Go("disk"))];
        Assert.Equal(expected, Run(talk, talk.Length).Handshake.HasAllocationContext);
    }

    [Theory]
    [InlineData(3u, new byte[] { 1 }, 0x80000003u)]
    [InlineData(8u, new byte[] { 1 }, 0x80000003u)]
    [InlineData(7u, new byte[] { 0, 0, 0, 9, 1 }, 0x80000003u)]
    [InlineData(7u, new byte[] { 255, 255, 255, 255 }, 0x80000003u)]
    [InlineData(6u, new byte[] { 0, 0, 0, 1, 120, 0, 0 }, 0x80000006u)]
    [InlineData(6u, new byte[] { 0, 0, 0, 0, 0, 2, 0, 1 }, 0x80000003u)]
    [InlineData(10u, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0 }, 0x80000003u)]
    [InlineData(5u, new byte[] { }, 0x80000001u)]
    [InlineData(0u, new byte[] { }, 0x80000001u)]
    public void ABadOptionIsAnsweredAndTheHandshakeGoesOn(uint option, byte[] data, uint expected)
    {
        byte[] talk = [0, 0, 0, 3, .. Option(option, data), .. Option(7, Go("other"))];
        (byte[] output, NbdHandshake handshake) = Run(talk, talk.Length);
        Assert.Equal(expected, BinaryPrimitives.ReadUInt32BigEndian(output.AsSpan(12)));
        Assert.Equal("other", handshake.Export?.Name);
    }

    [Fact]
    public void ExportNameAnswersWithOrWithoutZeroes()
    {
        byte[] name = Option(1, "disk"u8.ToArray());
        Assert.Equal(134, Run([0, 0, 0, 1, .. name], 0).Output.Length);
        Assert.Equal(10, Run([0, 0, 0, 3, .. name], 0).Output.Length);
        Assert.Throws<AsrException>(() => Run([0, 0, 0, 3, .. Option(1, "absent"u8.ToArray())], 0));
    }

    [Fact]
    public void RandomBytesEitherPassOrBreakTheProtocolButNothingElse() =>
        Gen.Select(Gen.Byte.Array[0, 200], Gen.UInt[0, 12], Gen.Bool).Sample((bytes, option, isFramed) =>
        {
            byte[] talk = isFramed ? [0, 0, 0, 3, .. Option(8, []), .. Option(option, bytes)] : bytes;
            try
            {
                Run(talk, talk.Length / 2);
            }
            catch (AsrException error)
            {
                Assert.Equal(AsrErrorCode.NbdProtocol, error.Code);
            }
        });

    [Theory]
    [InlineData("bad request magic")]
    [InlineData("oversized write")]
    [InlineData("oversized option")]
    [InlineData("bad option magic")]
    [InlineData("unknown client flags")]
    public async Task ABrokenStreamClosesThatConnectionOnly(string how)
    {
        await using NbdFixture nbd = new(new MemoryBlockDevice(1 << 20));
        byte[] start = [0, 0, 0, 3, .. Option(7, Go("disk"))];
        byte[] talk = how switch
        {
            "bad request magic" => [.. start, .. new byte[28]],
            "oversized write" => [.. start, .. Request(NbdCommand.Write, 0, uint.MaxValue)],
            "oversized option" => [0, 0, 0, 3, .. Option(7, [])[..12], 255, 255, 255, 255],
            "bad option magic" => [0, 0, 0, 3, .. new byte[16]],
            _ => [0, 0, 0, 255],
        };
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.IP);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(nbd.SocketPath), Stop);
        await socket.SendAsync(talk, SocketFlags.None, Stop);
        await ReadToEndAsync(socket);
        await using NbdClient client = await nbd.ConnectAsync();
        await client.ReadAsync(0, new byte[512], Stop);
    }

    [Theory]
    [InlineData(0, 0, 1u << 20, 1u, 22u)]
    [InlineData(1, 0, 1u << 20, 0u, 0u)]
    [InlineData(0, 0, 0u, 1u << 30, 22u)]
    [InlineData(4, 0, 1u << 20, 1u, 22u)]
    [InlineData(6, 0, 1u << 20, 1u, 28u)]
    [InlineData(6, 16, 0u, 512u, 95u)]
    [InlineData(7, 0, 0u, 512u, 22u)]
    [InlineData(9, 0, 0u, 512u, 22u)]
    [InlineData(5, 0, 0u, 512u, 22u)]
    [InlineData(3, 0x4000, 0u, 0u, 22u)]
    [InlineData(3, 1, 0u, 0u, 0u)]
    [InlineData(4, 1, 0u, 512u, 0u)]
    public async Task ARequestOutOfBoundsIsRefusedAndTheConnectionLives(int command, int flags, uint offset, uint length, uint expected)
    {
        await using NbdFixture nbd = new(new MemoryBlockDevice(1 << 20), device => new NbdExport("disk", device));
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.IP);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(nbd.SocketPath), Stop);
        await socket.SendAsync(
            (byte[])[0, 0, 0, 3, .. Option(1, "disk"u8.ToArray()), .. Request((NbdCommand)command, offset, length, (NbdCommandFlags)flags),
                .. Request(NbdCommand.Flush, 0, 0), .. Request(NbdCommand.Disconnect, 0, 0)],
            SocketFlags.None,
            Stop);
        byte[] answer = await ReadToEndAsync(socket);
        // The greeting, the answer to EXPORT_NAME, and two simple replies.
        Assert.Equal(18 + 10 + 16 + 16, answer.Length);
        uint[] errors = [BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(32)), BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(48))];
        Assert.Equal(expected == 0 ? [0u, 0u] : [0u, expected], errors.Order());
    }

    [Fact]
    public async Task ASilentClientIsDroppedAfterTheHandshakeTimeout()
    {
        await using NbdFixture nbd = new(new MemoryBlockDevice(1 << 20), options: new NbdServerOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(50) });
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.IP);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(nbd.SocketPath), Stop);
        Assert.Equal(18, (await ReadToEndAsync(socket)).Length);
    }

    private static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        List<byte> all = [];
        byte[] buffer = new byte[4096];
        try
        {
            for (int count; (count = await socket.ReceiveAsync(buffer, SocketFlags.None, Stop)) > 0;)
            {
                all.AddRange(buffer[..count]);
            }
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            // How a close looks when the server had not read everything.
        }

        return [.. all];
    }

    private static (byte[] Output, NbdHandshake Handshake) Run(byte[] talk, int split)
    {
        NbdHandshake handshake = new(() => s_exports);
        ArrayBufferWriter<byte> output = new();
        int start = 0;
        foreach (int end in (int[])[split, talk.Length])
        {
            NbdHandshakeStep step = NbdHandshakeStep.Continue;
            while (step == NbdHandshakeStep.Continue)
            {
                step = handshake.Advance(talk.AsSpan(start, end - start), output, out int consumed);
                start += consumed;
            }

            if (step != NbdHandshakeStep.NeedMore)
            {
                break;
            }
        }

        return (output.WrittenSpan.ToArray(), handshake);
    }

    private static byte[] Option(uint option, byte[] data)
    {
        byte[] message = new byte[16 + data.Length];
        BinaryPrimitives.WriteUInt64BigEndian(message, 0x49484156454f5054);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(8), option);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(12), data.Length);
        data.CopyTo(message, 16);
        return message;
    }

    private static byte[] Go(string name) => [0, 0, 0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), 0, 0];

    private static byte[] Context(string name, string query) =>
        [0, 0, 0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), 0, 0, 0, 1, 0, 0, 0, (byte)query.Length, .. Encoding.ASCII.GetBytes(query)];

    private static byte[] Request(NbdCommand command, ulong offset, uint length, NbdCommandFlags flags = NbdCommandFlags.None)
    {
        byte[] message = new byte[28];
        new NbdRequestHeader(flags, command, 7, offset, length).Write(message);
        return message;
    }
}
