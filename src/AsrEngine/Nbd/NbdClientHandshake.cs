using System;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Nbd.Protocol;

namespace Asr.Engine.Nbd;

/// <summary>The client's side of the handshake; afterwards its fields describe the export.</summary>
internal sealed class NbdClientHandshake(Socket socket, NbdReceiver receiver, NbdUri uri)
{
    private const uint FlagsFixedNewstyleNoZeroes = 3;
    private const int RepliesMax = 64;
    private const int ReplyBytesMax = 16 * 1024;

    public long Length { get; private set; }

    public NbdExportFlags Flags { get; private set; }

    public int PayloadBytesMax { get; private set; } = NbdConstants.PayloadBytesMax;

    public bool HasStructuredReplies { get; private set; }

    /// <summary>The id of base:allocation, or null when the server does not offer it.</summary>
    public uint? AllocationContextId { get; private set; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        byte[] greeting = new byte[NbdConstants.GreetingBytes];
        await receiver.ReadAsync(greeting, cancellationToken).ConfigureAwait(false);
        if (BinaryPrimitives.ReadUInt64BigEndian(greeting) != NbdConstants.ServerMagic
            || BinaryPrimitives.ReadUInt64BigEndian(greeting.AsSpan(8)) != NbdConstants.OptionMagic
            || (greeting[17] & FlagsFixedNewstyleNoZeroes) != FlagsFixedNewstyleNoZeroes)
        {
            throw NbdErrors.Protocol("the server does not greet as a fixed newstyle server");
        }

        byte[] flags = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(flags, FlagsFixedNewstyleNoZeroes);
        await SendAsync(flags, cancellationToken).ConfigureAwait(false);
        HasStructuredReplies = await AskAsync(NbdOption.StructuredReply, [], cancellationToken).ConfigureAwait(false);
        if (HasStructuredReplies)
        {
            byte[] query = Encoding.UTF8.GetBytes(NbdConstants.AllocationContext);
            await AskAsync(NbdOption.SetMetaContext, [.. Text(uri.ExportName), 0, 0, 0, 1, 0, 0, 0, (byte)query.Length, .. query], cancellationToken).ConfigureAwait(false);
        }

        if (!await AskAsync(NbdOption.Go, [.. Text(uri.ExportName), 0, 1, 0, (byte)NbdInfo.BlockSize], cancellationToken).ConfigureAwait(false) || Length <= 0)
        {
            throw new AsrException(AsrErrorCode.NbdExportUnknown, $"The NBD server has no usable export '{uri}'.", "List the exports with nbdinfo --list.", uri.ToString());
        }
    }

    private static byte[] Text(string text)
    {
        byte[] name = Encoding.UTF8.GetBytes(text);
        byte[] data = new byte[4 + name.Length];
        BinaryPrimitives.WriteInt32BigEndian(data, name.Length);
        name.CopyTo(data, 4);
        return data;
    }

    /// <summary>Sends an option and reads its replies.</summary>
    /// <returns>False when the server refuses it.</returns>
    private async Task<bool> AskAsync(NbdOption option, byte[] data, CancellationToken cancellationToken)
    {
        byte[] message = new byte[NbdConstants.OptionHeaderBytes + data.Length];
        BinaryPrimitives.WriteUInt64BigEndian(message, NbdConstants.OptionMagic);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(8), (uint)option);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(12), data.Length);
        data.CopyTo(message, NbdConstants.OptionHeaderBytes);
        await SendAsync(message, cancellationToken).ConfigureAwait(false);

        byte[] header = new byte[NbdConstants.OptionReplyHeaderBytes];
        for (int i = 0; i < RepliesMax; i++)
        {
            await receiver.ReadAsync(header, cancellationToken).ConfigureAwait(false);
            uint code = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12));
            uint length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(16));
            if (BinaryPrimitives.ReadUInt64BigEndian(header) != NbdConstants.OptionReplyMagic
                || BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8)) != (uint)option || length > ReplyBytesMax)
            {
                throw NbdErrors.Protocol($"malformed reply to option {(uint)option}");
            }

            byte[] reply = new byte[length];
            await receiver.ReadAsync(reply, cancellationToken).ConfigureAwait(false);
            if ((NbdOptionReply)code == NbdOptionReply.Ack || (code & 0x80000000) != 0)
            {
                return (NbdOptionReply)code == NbdOptionReply.Ack;
            }

            Note((NbdOptionReply)code, reply);
        }

        throw NbdErrors.Protocol($"more than {RepliesMax} replies to option {(uint)option}");
    }

    private void Note(NbdOptionReply code, ReadOnlySpan<byte> reply)
    {
        if (code == NbdOptionReply.MetaContext && reply.Length >= 4 && reply[4..].SequenceEqual("base:allocation"u8))
        {
            AllocationContextId = BinaryPrimitives.ReadUInt32BigEndian(reply);
        }

        if (code != NbdOptionReply.Info || reply.Length < 2)
        {
            return;
        }

        switch ((NbdInfo)BinaryPrimitives.ReadUInt16BigEndian(reply))
        {
            case NbdInfo.Export when reply.Length == 12:
                Length = BinaryPrimitives.ReadInt64BigEndian(reply[2..]);
                Flags = (NbdExportFlags)BinaryPrimitives.ReadUInt16BigEndian(reply[10..]);
                break;
            case NbdInfo.BlockSize when reply.Length == 14:
                uint max = BinaryPrimitives.ReadUInt32BigEndian(reply[10..]);
                PayloadBytesMax = (int)Math.Clamp(max, 4096u, NbdConstants.PayloadBytesMax);
                break;
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (data.Length > 0)
        {
            data = data[await socket.SendAsync(data, SocketFlags.None, cancellationToken).ConfigureAwait(false)..];
        }
    }
}
