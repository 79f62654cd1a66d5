using System;
using System.Buffers;
using System.Buffers.Binary;
using Asr.Engine.Nbd.Protocol;

namespace Asr.Engine.Nbd;

/// <summary>
/// A request from its arrival until its reply is sent. Owns one pooled buffer at a time: a large write's payload, or a reply with room for its
/// header in front of the data. A small write's payload may lie in the connection's receive buffer. Reused by its connection.
/// </summary>
internal sealed class NbdRequest
{
    private readonly byte[] _short = new byte[NbdConstants.SimpleReplyBytes];
    private byte[]? _rented;

    public NbdRequestHeader Header { get; private set; }

    /// <summary>Bytes this request counts against the connection's limit.</summary>
    public long CountedBytes { get; set; }

    /// <summary>What to send; one run of bytes, so that chunks of one reply stay together and in order.</summary>
    public ReadOnlyMemory<byte> Reply { get; private set; }

    /// <summary>The payload of a write.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    public void Begin(NbdRequestHeader header) => Header = header;

    /// <summary>Uses a payload in memory that its owner keeps.</summary>
    public void Borrow(ReadOnlyMemory<byte> payload) => Payload = payload;

    /// <summary>Rents the buffer for the payload.</summary>
    public Span<byte> RentPayload(int bytes)
    {
        Memory<byte> rented = Rent(bytes);
        Payload = rented;
        return rented.Span;
    }

    /// <summary>Rents the buffer; the request must not have one.</summary>
    public Memory<byte> Rent(int bytes)
    {
        _rented = ArrayPool<byte>.Shared.Rent(bytes);
        return _rented.AsMemory(0, bytes);
    }

    /// <summary>Replies with the first bytes of the rented buffer.</summary>
    public void ReplyRented(int bytes) => Reply = _rented.AsMemory(0, bytes);

    /// <summary>Replies without data.</summary>
    public void ReplySimple(NbdErrno error)
    {
        WriteSimpleHeader(_short, error);
        Reply = _short;
    }

    /// <summary>Encodes a simple reply's header.</summary>
    public void WriteSimpleHeader(Span<byte> target, NbdErrno error)
    {
        BinaryPrimitives.WriteUInt32BigEndian(target, NbdConstants.SimpleReplyMagic);
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], (uint)error);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], Header.Cookie);
    }

    /// <summary>Encodes a chunk's header.</summary>
    public void WriteChunkHeader(Span<byte> target, NbdChunk kind, bool isLast, int bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(target, NbdConstants.StructuredReplyMagic);
        BinaryPrimitives.WriteUInt16BigEndian(target[4..], isLast ? (ushort)1 : (ushort)0);
        BinaryPrimitives.WriteUInt16BigEndian(target[6..], (ushort)kind);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], Header.Cookie);
        BinaryPrimitives.WriteInt32BigEndian(target[16..], bytes);
    }

    /// <summary>Gives the buffer back; nobody may use it any more.</summary>
    public void Return()
    {
        Reply = default;
        Payload = default;
        if (_rented is { } rented)
        {
            _rented = null;
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Drops the buffer without giving it back: a device that failed might still touch it.</summary>
    public void Forget() => _rented = null;
}
