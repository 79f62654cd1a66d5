using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Asr.Engine.Nbd.Protocol;

/// <summary>Encodes the server's replies to one option.</summary>
internal readonly struct NbdOptionReplies(IBufferWriter<byte> output, NbdOption option)
{
    private const int NoZeroesBytes = 10;
    private const int PreferredBlockBytes = 4096;

    public void Ack() => Start(NbdOptionReply.Ack, 0);

    public void Error(NbdOptionReply code, string text)
    {
        Span<byte> data = Start(code, Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, data);
    }

    public void Server(NbdExport export)
    {
        int bytes = Encoding.UTF8.GetByteCount(export.Name);
        string description = export.Description ?? "";
        Span<byte> data = Start(NbdOptionReply.Server, 4 + bytes + Encoding.UTF8.GetByteCount(description));
        BinaryPrimitives.WriteInt32BigEndian(data, bytes);
        Encoding.UTF8.GetBytes(export.Name, data[4..]);
        // What follows the name is text for people.
        Encoding.UTF8.GetBytes(description, data[(4 + bytes)..]);
    }

    public void InfoExport(NbdExport export)
    {
        Span<byte> data = StartInfo(NbdInfo.Export, 10);
        BinaryPrimitives.WriteInt64BigEndian(data, export.Device.Length);
        BinaryPrimitives.WriteUInt16BigEndian(data[8..], (ushort)export.Flags);
    }

    public void InfoBlockSize()
    {
        Span<byte> data = StartInfo(NbdInfo.BlockSize, 12);
        BinaryPrimitives.WriteInt32BigEndian(data, 1);
        BinaryPrimitives.WriteInt32BigEndian(data[4..], PreferredBlockBytes);
        BinaryPrimitives.WriteInt32BigEndian(data[8..], NbdConstants.PayloadBytesMax);
    }

    /// <summary>Sends the name or the description; other items are sent unasked or unknown, and skipped.</summary>
    public void InfoText(NbdInfo item, NbdExport export)
    {
        string? text = item switch { NbdInfo.Name => export.Name, NbdInfo.Description => export.Description, _ => null };
        if (text is not null)
        {
            Encoding.UTF8.GetBytes(text, StartInfo(item, Encoding.UTF8.GetByteCount(text)));
        }
    }

    public void AllocationContext()
    {
        Span<byte> data = Start(NbdOptionReply.MetaContext, 4 + NbdConstants.AllocationContext.Length);
        BinaryPrimitives.WriteUInt32BigEndian(data, NbdConstants.AllocationContextId);
        Encoding.UTF8.GetBytes(NbdConstants.AllocationContext, data[4..]);
    }

    /// <summary>The reply to EXPORT_NAME, which has no header.</summary>
    public void WriteExportName(NbdExport export, bool noZeroes)
    {
        int bytes = NoZeroesBytes + (noZeroes ? 0 : 124);
        Span<byte> data = output.GetSpan(bytes)[..bytes];
        data.Clear();
        BinaryPrimitives.WriteInt64BigEndian(data, export.Device.Length);
        BinaryPrimitives.WriteUInt16BigEndian(data[8..], (ushort)export.Flags);
        output.Advance(bytes);
    }

    private Span<byte> StartInfo(NbdInfo item, int bytes)
    {
        Span<byte> data = Start(NbdOptionReply.Info, 2 + bytes);
        BinaryPrimitives.WriteUInt16BigEndian(data, (ushort)item);
        return data[2..];
    }

    /// <summary>Writes the header and returns the room for the data, which counts as written.</summary>
    private Span<byte> Start(NbdOptionReply code, int bytes)
    {
        int total = NbdConstants.OptionReplyHeaderBytes + bytes;
        Span<byte> span = output.GetSpan(total)[..total];
        BinaryPrimitives.WriteUInt64BigEndian(span, NbdConstants.OptionReplyMagic);
        BinaryPrimitives.WriteUInt32BigEndian(span[8..], (uint)option);
        BinaryPrimitives.WriteUInt32BigEndian(span[12..], (uint)code);
        BinaryPrimitives.WriteInt32BigEndian(span[16..], bytes);
        output.Advance(total);
        return span[NbdConstants.OptionReplyHeaderBytes..];
    }
}
