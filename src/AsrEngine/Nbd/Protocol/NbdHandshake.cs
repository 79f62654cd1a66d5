using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Asr.Engine.Nbd.Protocol;

/// <summary>What the connection does after a step of the handshake.</summary>
internal enum NbdHandshakeStep
{
    /// <summary>Read more bytes and try again.</summary>
    NeedMore,

    /// <summary>A message was handled; try again with the rest.</summary>
    Continue,

    /// <summary>The export is chosen; requests follow.</summary>
    Transmission,

    /// <summary>The client ends; send the output and close.</summary>
    Close,
}

/// <summary>
/// The server's side of the fixed newstyle handshake as a pure state machine: bytes in, bytes out, no socket and no clock. Input is bounded by
/// <see cref="NbdConstants.OptionBytesMax"/> per option; a broken stream throws <see cref="Asr.Contracts.AsrErrorCode.NbdProtocol"/>.
/// </summary>
internal sealed class NbdHandshake(Func<IReadOnlyList<NbdExport>> exports)
{
    private const uint FlagFixedNewstyle = 1;
    private const uint FlagNoZeroes = 2;

    private bool _hasClientFlags;
    private bool _noZeroes;
    private string? _contextExport;

    /// <summary>The chosen export, once the step is <see cref="NbdHandshakeStep.Transmission"/>.</summary>
    public NbdExport? Export { get; private set; }

    /// <summary>The client takes structured replies.</summary>
    public bool HasStructuredReplies { get; private set; }

    /// <summary>The client chose base:allocation for the chosen export.</summary>
    public bool HasAllocationContext => Export is not null && _contextExport == Export.Name;

    /// <summary>Writes what the server says first.</summary>
    public static void WriteGreeting(IBufferWriter<byte> output)
    {
        Span<byte> span = output.GetSpan(NbdConstants.GreetingBytes);
        BinaryPrimitives.WriteUInt64BigEndian(span, NbdConstants.ServerMagic);
        BinaryPrimitives.WriteUInt64BigEndian(span[8..], NbdConstants.OptionMagic);
        BinaryPrimitives.WriteUInt16BigEndian(span[16..], (ushort)(FlagFixedNewstyle | FlagNoZeroes));
        output.Advance(NbdConstants.GreetingBytes);
    }

    /// <summary>Handles at most one message from the front of the input.</summary>
    public NbdHandshakeStep Advance(ReadOnlySpan<byte> input, IBufferWriter<byte> output, out int consumed)
    {
        consumed = 0;
        if (!_hasClientFlags)
        {
            return ReadClientFlags(input, out consumed);
        }

        if (input.Length < NbdConstants.OptionHeaderBytes)
        {
            return NbdHandshakeStep.NeedMore;
        }

        if (BinaryPrimitives.ReadUInt64BigEndian(input) != NbdConstants.OptionMagic)
        {
            throw NbdErrors.Protocol("an option does not start with IHAVEOPT");
        }

        NbdOption option = (NbdOption)BinaryPrimitives.ReadUInt32BigEndian(input[8..]);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(input[12..]);
        if (length > NbdConstants.OptionBytesMax)
        {
            throw NbdErrors.Protocol($"option {(uint)option} has {length} bytes, more than {NbdConstants.OptionBytesMax}");
        }

        if (input.Length - NbdConstants.OptionHeaderBytes < length)
        {
            return NbdHandshakeStep.NeedMore;
        }

        consumed = NbdConstants.OptionHeaderBytes + (int)length;
        return OnOption(option, input.Slice(NbdConstants.OptionHeaderBytes, (int)length), new NbdOptionReplies(output, option));
    }

    private NbdHandshakeStep ReadClientFlags(ReadOnlySpan<byte> input, out int consumed)
    {
        consumed = 0;
        if (input.Length < 4)
        {
            return NbdHandshakeStep.NeedMore;
        }

        uint flags = BinaryPrimitives.ReadUInt32BigEndian(input);
        if ((flags & ~(FlagFixedNewstyle | FlagNoZeroes)) != 0)
        {
            throw NbdErrors.Protocol($"unknown client flags 0x{flags:x8}");
        }

        _hasClientFlags = true;
        _noZeroes = (flags & FlagNoZeroes) != 0;
        consumed = 4;
        return NbdHandshakeStep.Continue;
    }

    private NbdHandshakeStep OnOption(NbdOption option, ReadOnlySpan<byte> data, NbdOptionReplies replies)
    {
        switch (option)
        {
            case NbdOption.ExportName:
                // The one option without an error reply: an unknown name ends the connection.
                Export = Find(data) ?? throw NbdErrors.Protocol("the export asked for does not exist");
                replies.WriteExportName(Export, _noZeroes);
                return NbdHandshakeStep.Transmission;
            case NbdOption.Abort:
                replies.Ack();
                return NbdHandshakeStep.Close;
            case NbdOption.List:
                OnList(data, replies);
                return NbdHandshakeStep.Continue;
            case NbdOption.Info or NbdOption.Go:
                return OnInfo(option, data, replies);
            case NbdOption.StructuredReply:
                OnStructuredReply(data, replies);
                return NbdHandshakeStep.Continue;
            case NbdOption.ListMetaContext or NbdOption.SetMetaContext:
                OnMetaContext(option, data, replies);
                return NbdHandshakeStep.Continue;
            default:
                replies.Error(NbdOptionReply.ErrorUnsupported, "option not supported");
                return NbdHandshakeStep.Continue;
        }
    }

    private void OnList(ReadOnlySpan<byte> data, NbdOptionReplies replies)
    {
        if (data.Length != 0)
        {
            replies.Error(NbdOptionReply.ErrorInvalid, "LIST takes no data");
            return;
        }

        foreach (NbdExport export in exports())
        {
            replies.Server(export);
        }

        replies.Ack();
    }

    private void OnStructuredReply(ReadOnlySpan<byte> data, NbdOptionReplies replies)
    {
        if (data.Length != 0)
        {
            replies.Error(NbdOptionReply.ErrorInvalid, "STRUCTURED_REPLY takes no data");
            return;
        }

        HasStructuredReplies = true;
        replies.Ack();
    }

    private NbdHandshakeStep OnInfo(NbdOption option, ReadOnlySpan<byte> data, NbdOptionReplies replies)
    {
        if (!TryTakeString(ref data, out ReadOnlySpan<byte> name) || data.Length < 2 || data.Length != 2 + 2 * BinaryPrimitives.ReadUInt16BigEndian(data))
        {
            replies.Error(NbdOptionReply.ErrorInvalid, "malformed name or list of information items");
            return NbdHandshakeStep.Continue;
        }

        NbdExport? export = Find(name);
        if (export is null)
        {
            replies.Error(NbdOptionReply.ErrorUnknownExport, "no such export");
            return NbdHandshakeStep.Continue;
        }

        replies.InfoExport(export);
        replies.InfoBlockSize();
        for (data = data[2..]; data.Length > 0; data = data[2..])
        {
            replies.InfoText((NbdInfo)BinaryPrimitives.ReadUInt16BigEndian(data), export);
        }

        replies.Ack();
        if (option == NbdOption.Info)
        {
            return NbdHandshakeStep.Continue;
        }

        Export = export;
        return NbdHandshakeStep.Transmission;
    }

    private void OnMetaContext(NbdOption option, ReadOnlySpan<byte> data, NbdOptionReplies replies)
    {
        bool isSet = option == NbdOption.SetMetaContext;
        if (isSet)
        {
            // A failed or empty choice leaves none in force.
            _contextExport = null;
        }

        if (!HasStructuredReplies && isSet)
        {
            replies.Error(NbdOptionReply.ErrorInvalid, "negotiate structured replies first");
            return;
        }

        if (!TryTakeString(ref data, out ReadOnlySpan<byte> name) || data.Length < 4)
        {
            replies.Error(NbdOptionReply.ErrorInvalid, "malformed export name");
            return;
        }

        uint queries = BinaryPrimitives.ReadUInt32BigEndian(data);
        data = data[4..];
        bool isWanted = queries == 0 && !isSet;
        for (uint i = 0; i < queries; i++)
        {
            if (!TryTakeString(ref data, out ReadOnlySpan<byte> query))
            {
                replies.Error(NbdOptionReply.ErrorInvalid, "malformed query");
                return;
            }

            // "base:" asks for everything in the namespace, which the protocol allows in LIST only.
            isWanted |= query.SequenceEqual("base:allocation"u8) || (!isSet && query.SequenceEqual("base:"u8));
        }

        NbdExport? export = Find(name);
        if (data.Length != 0 || export is null)
        {
            replies.Error(data.Length != 0 ? NbdOptionReply.ErrorInvalid : NbdOptionReply.ErrorUnknownExport, "no such export, or data after the queries");
            return;
        }

        if (isWanted)
        {
            replies.AllocationContext();
            _contextExport = isSet ? export.Name : _contextExport;
        }

        replies.Ack();
    }

    /// <summary>Takes a string with its 32-bit length from the front; every later element is checked against what remains.</summary>
    private static bool TryTakeString(ref ReadOnlySpan<byte> data, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (data.Length < 4)
        {
            return false;
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(data);
        if (length > NbdConstants.NameBytesMax || length > data.Length - 4)
        {
            return false;
        }

        text = data.Slice(4, (int)length);
        data = data[(4 + (int)length)..];
        return true;
    }

    /// <summary>The export of that name; the empty name means the only export there is.</summary>
    private NbdExport? Find(ReadOnlySpan<byte> name)
    {
        string wanted = Encoding.UTF8.GetString(name);
        IReadOnlyList<NbdExport> all = exports();
        foreach (NbdExport export in all)
        {
            if (export.Name == wanted)
            {
                return export;
            }
        }

        return wanted.Length == 0 && all.Count == 1 ? all[0] : null;
    }
}
